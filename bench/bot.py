# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
"""The bot of `bench session`, for the real Pipecat runner: it says back a long turn twice over, and lets nobody
interrupt it; or, started with `{"mirror": true}`, it answers each click with a click at once.

When a click came out of its transport, and when it handed its own to it, stands in the file that `BENCH_LOG` names, on
the machine's monotonic clock, which is the same in every process.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import numpy as np
from pipecat.frames.frames import Frame, InputAudioRawFrame, TTSAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.processors.frameworks.rtvi.frames import RTVIClientMessageFrame
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner

from bench.sounds import LOUD, REST_S, click

IN_HZ = 16_000
OUT_HZ = 24_000
TIMES = 2
LONG_BYTES = 2 * 2 * IN_HZ
"""2 s: what is shorter was a press that only dialled."""


class Ears(FrameProcessor):
    """Keeps turns and says them back; or mirrors clicks."""

    def __init__(self, *, mirror: bool) -> None:
        super().__init__()
        self._mirror = mirror
        self._turn: bytearray | None = None
        self._loud_s = 0.0
        pulse = click(OUT_HZ)
        self._pulse = np.concatenate([pulse, np.zeros(OUT_HZ // 10 - len(pulse), np.int16)]).tobytes()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            if self._mirror:
                await self._hear(frame.audio)
            elif self._turn is not None:
                self._turn += frame.audio
            return
        if isinstance(frame, RTVIClientMessageFrame) and isinstance(frame.data, dict):
            await self._talk(frame.data.get("state"))
        await self.push_frame(frame, direction)

    async def _hear(self, audio: bytes) -> None:
        now_s = time.monotonic()
        if np.abs(np.frombuffer(audio, np.int16).astype(np.int32)).max() <= LOUD:
            return
        rested = now_s - self._loud_s > REST_S
        self._loud_s = now_s
        if rested:
            said_s = time.monotonic()
            await self.push_frame(TTSAudioRawFrame(audio=self._pulse, sample_rate=OUT_HZ, num_channels=1))
            with open(os.environ["BENCH_LOG"], "a", encoding="utf-8") as log:  # noqa: ASYNC230, PTH123 - 40 bytes
                log.write(json.dumps({"heard_s": now_s, "said_s": said_s}) + "\n")

    async def _talk(self, state: object) -> None:
        if state == "start":
            self._turn = bytearray()
        elif state == "stop" and self._turn is not None:
            turn, self._turn = bytes(self._turn), None
            if len(turn) >= LONG_BYTES:
                await self.push_frame(TTSAudioRawFrame(audio=turn * TIMES, sample_rate=IN_HZ, num_channels=1))


async def bot(runner_args: Any) -> None:
    """What the runner calls for each offer."""
    params = TransportParams(audio_in_enabled=True, audio_out_enabled=True, audio_out_end_silence_secs=0)
    transport = SmallWebRTCTransport(params=params, webrtc_connection=runner_args.webrtc_connection)
    mirror = isinstance(runner_args.body, dict) and runner_args.body.get("mirror") is True
    worker = PipelineWorker(
        Pipeline([transport.input(), Ears(mirror=mirror), transport.output()]),
        params=PipelineParams(audio_in_sample_rate=IN_HZ, audio_out_sample_rate=OUT_HZ),
    )

    @transport.event_handler("on_client_disconnected")
    async def disconnected(_transport: object, _client: object) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
