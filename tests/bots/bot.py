# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
"""A bot for the real Pipecat development runner: `bot.py -t webrtc --host 127.0.0.1 --port N`.

Its kind is the `bot` in the body of the start, else what the file named by `BOT_KIND_FILE` says, else `echo`; the
names are those of the embedded runner. One more, `reads`, says the sound in the file `read` of the body (16 kHz mono)
when a turn opens, the first one, or behind `turns_before` others, and lets nobody interrupt it. What a session hears
and says is kept, see `recording`; with `vad` in the body, what speech detection (Silero, which comes with Pipecat)
makes of it is, too, and with `tape`, what leaves its transport. No network.
"""

from __future__ import annotations

import asyncio
import math
import os
import struct
from collections import deque
from pathlib import Path
from typing import Any

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.processors.frameworks.rtvi.frames import RTVIClientMessageFrame
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner

from tests.bots.recording import Recording

RATE_HZ = 16_000
BEFORE_FRAMES = 5
"""Frames from before a `start` that belong to the turn: message and sound travel apart."""
WRITE_DEAD = (
    "SmallWebRTCOutputTransport#0 timed out after 10.0s writing audio to the transport; the peer has stopped reading"
)


class Turns(FrameProcessor):
    """Hears, records, and says back each turn when the bot is one that echoes."""

    def __init__(self, recording: Recording, *, echoes: bool, reads: bytes = b"", turns_before: int = 0) -> None:
        super().__init__()
        self._recording = recording
        self._echoes = echoes
        self._reads = reads
        self._turns_before = turns_before
        self._before: deque[bytes] = deque(maxlen=BEFORE_FRAMES)
        self._turn: bytearray | None = None
        self.dead = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self._recording.sound(frame.audio)
            if self._turn is None:
                self._before.append(frame.audio)
            else:
                self._turn += frame.audio
            return
        if isinstance(frame, RTVIClientMessageFrame):
            self._recording.message(frame.type, frame.data)
            if frame.type == "push_to_talk" and isinstance(frame.data, dict):
                await self._talk(frame.data.get("state"))
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            self._recording.voice("started")
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._recording.voice("stopped")
        await self.push_frame(frame, direction)

    async def _talk(self, state: object) -> None:
        if state == "start":
            self._turn = bytearray(b"".join(self._before))
            self._before.clear()
            self._turns_before -= 1
            if self._reads and self._turns_before < 0:
                reads, self._reads = self._reads, b""
                await self.say(reads)
                return
            await self.broadcast_frame(UserStartedSpeakingFrame)
            await self.broadcast_interruption()
        elif state == "stop" and self._turn is not None:
            turn, self._turn = bytes(self._turn), None
            await self.broadcast_frame(UserStoppedSpeakingFrame)
            if self._echoes:
                await self.say(turn)

    async def say(self, audio: bytes) -> None:
        """Say 16 kHz mono *audio* as a speech service would."""
        if self.dead:
            return
        self._recording.said(audio)
        await self.push_frame(TTSStartedFrame())
        await self.push_frame(TTSAudioRawFrame(audio=audio, sample_rate=RATE_HZ, num_channels=1))
        await self.push_frame(TTSStoppedFrame())


def notes(frequencies_hz: list[float], seconds: float) -> bytes:
    """Notes that swell and fade, each of *seconds*; 16 kHz mono."""
    count = int(seconds * RATE_HZ)
    samples = [
        int(9000 * math.sin(math.pi * i / count) ** 2 * math.sin(2 * math.pi * hz * i / RATE_HZ))
        for hz in frequencies_hz
        for i in range(count)
    ]
    return struct.pack(f"<{len(samples)}h", *samples)


def steady(seconds: int, hz: int = 440) -> bytes:
    samples = [int(8000 * math.sin(2 * math.pi * hz * i / RATE_HZ)) for i in range(seconds * RATE_HZ)]
    return struct.pack(f"<{len(samples)}h", *samples)


def chosen(body: Any) -> tuple[str, float]:
    """The kind of this session, and its seconds."""
    text = body.get("bot", "") if isinstance(body, dict) else ""
    if not text and "BOT_KIND_FILE" in os.environ:
        text = Path(os.environ["BOT_KIND_FILE"]).read_text(encoding="utf-8").strip()
    name, _, value = (text or "echo").partition(":")
    return name, float(value or 1.0)


def file_to_read(body: dict[str, Any]) -> bytes:
    return Path(body["read"]).read_bytes()


def speech_detection() -> FrameProcessor:
    """As a stock bot has it."""
    from pipecat.audio.vad.silero import SileroVADAnalyzer  # here: it takes a while, and few bots have it
    from pipecat.processors.audio.vad_processor import VADProcessor

    return VADProcessor(vad_analyzer=SileroVADAnalyzer())


def tape(transport: Any, recording: Recording) -> None:
    """Record from now on what *transport* sends, silence of its own included. It has just been connected."""
    track = transport._client._audio_output_track
    usual = track.recv

    async def recv() -> Any:
        frame = await usual()
        recording.sent(bytes(frame.planes[0])[: 2 * frame.samples])
        return frame

    track.recv = recv


async def after_ready(name: str, after_s: float, turns: Turns, worker: PipelineWorker) -> None:
    """What this kind does once the client was told that the bot is ready."""
    if name == "greeting":
        await turns.say(notes([523.25, 659.25, 783.99], 0.3))
        return
    await asyncio.sleep(after_s)
    match name:
        case "fatal":
            await turns.push_error("the bot's pipeline has failed", fatal=True)
        case "non-fatal":
            await turns.push_error("one sentence was lost")
        case "write-dead":
            turns.dead = True
            await turns.push_error(WRITE_DEAD)
        case "leaves":
            await worker.cancel()


async def bot(runner_args: Any) -> None:
    """What the runner calls for each offer."""
    name, after_s = chosen(runner_args.body)
    if name == "crash":
        raise RuntimeError("this bot crashes at start, as it was asked to")
    if name == "slow":
        await asyncio.sleep(after_s)
    recording = Recording(runner_args.session_id)
    params = TransportParams(audio_in_enabled=True, audio_out_enabled=name != "mute")
    transport = SmallWebRTCTransport(params=params, webrtc_connection=runner_args.webrtc_connection)
    asked = runner_args.body if isinstance(runner_args.body, dict) else {}
    reading = {"reads": file_to_read(asked), "turns_before": asked.get("turns_before", 0)} if name == "reads" else {}
    turns = Turns(recording, echoes=name not in ("tone", "reads"), **reading)
    ears = [speech_detection()] if asked.get("vad") else []
    worker = PipelineWorker(
        Pipeline([transport.input(), *ears, turns, transport.output()]),
        params=PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=24_000),
        enable_rtvi=name != "never-ready",
    )
    tasks: set[asyncio.Task[None]] = set()

    def begin(work: Any) -> None:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    @transport.event_handler("on_client_connected")
    async def connected(_transport: object, _client: object) -> None:
        if asked.get("tape"):
            tape(transport, recording)
        if name == "tone":
            begin(turns.say(steady(60)))

    @transport.event_handler("on_client_disconnected")
    async def disconnected(_transport: object, _client: object) -> None:
        await worker.cancel()

    if name != "never-ready":

        @worker.rtvi.event_handler("on_client_ready")
        async def ready(_rtvi: object) -> None:
            begin(after_ready(name, after_s, turns, worker))

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    try:
        await runner.run()
    finally:
        for task in tasks:
            task.cancel()
        recording.close()


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
