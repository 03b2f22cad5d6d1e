"""The least one writes with aiortc alone, as a client of `bench session`: its own encoder, sender and jitter buffer.

Words come from a WAV file in real time, as in aiortc's own examples, and are silence while no button is held; what is
heard is decoded and dropped, or goes to a WAV file. All else is the library's default, but no STUN server is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import json
import time
import uuid
import wave
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from bench.client import Dial, Ear
from bench.sounds import PERIOD_FRAMES, RATE_HZ, heard

PERIOD_S = 0.02
SILENCE = bytes(2 * PERIOD_FRAMES)
TAIL_S = 0.3
STOP_AFTER_S = 0.2
"""Behind the last word, before the bot is told: as the appliance does it."""
HEARD_HZ = 48_000


class Words(MediaStreamTrack):
    """16 kHz mono in real time: the file while somebody speaks, else silence."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._file: wave.Wave_read | None = None
        self._sent = 0
        self._began_s = 0.0
        self._speaking_s: float | None = None

    def speak(self, path: Path) -> None:
        """Say *path* from its start, from the next period on."""
        self._file, self._speaking_s = wave.open(str(path)), None  # noqa: SIM115 - closed by hush

    def hush(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def mouth_s(self) -> float:
        """When the first sample was spoken: a period is there when its last sample has been."""
        assert self._speaking_s is not None
        return self._speaking_s - PERIOD_S

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        if not self._sent:
            self._began_s = time.monotonic()
        due_s = self._began_s + self._sent * PERIOD_S
        wait_s = due_s - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        words = SILENCE
        if self._file is not None:
            if self._speaking_s is None:
                self._speaking_s = due_s
            words = self._file.readframes(PERIOD_FRAMES).ljust(len(SILENCE), b"\0")
        frame = AudioFrame(format="s16", layout="mono", samples=PERIOD_FRAMES)
        frame.planes[0].update(words)
        frame.sample_rate = RATE_HZ
        frame.pts = self._sent * PERIOD_FRAMES
        frame.time_base = fractions.Fraction(1, RATE_HZ)
        self._sent += 1
        return frame


class Bare:
    """A `Client`. One connection after another."""

    def __init__(self, url: str, folder: Path, body: Mapping[str, Any], *, keep: bool) -> None:
        self._url = url
        self._says = folder / "says.wav"
        self._heard = folder / "heard.wav"
        self._body = dict(body)
        self._keep = keep
        self._arrived_s: list[float] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def dial(self) -> Dial:
        pressed_s = time.monotonic()
        self._words = Words()
        self._words.speak(self._says)
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._http = aiohttp.ClientSession()
        start = await self._post("/start", {"transport": "webrtc", "body": self._body})
        pc = self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        sender = pc.addTrack(self._words)
        self._channel = pc.createDataChannel("chat", ordered=True)
        self._channel.on("open", self._opened)
        self._channel.on("message", self._message)
        pc.on("track", self._track)
        await pc.setLocalDescription(await pc.createOffer())
        first_s = _first_packet(sender.transport)
        offer = {"sdp": pc.localDescription.sdp, "type": "offer", "pc_id": None, "restart_pc": False}
        answer = await self._post(f"/sessions/{start['sessionId']}/api/offer", offer)
        await pc.setRemoteDescription(RTCSessionDescription(sdp=answer["sdp"], type=answer["type"]))
        await self._ready
        ready_s = time.monotonic()
        await asyncio.sleep(0.1)
        await self.release()
        return Dial(first_packet_ms=(first_s() - pressed_s) * 1000, bot_ready_ms=(ready_s - pressed_s) * 1000)

    async def press(self) -> None:
        self._talk("start")
        self._words.speak(self._says)

    async def release(self) -> None:
        await asyncio.sleep(TAIL_S)
        self._words.hush()
        await asyncio.sleep(STOP_AFTER_S)
        self._talk("stop")

    async def hang_up(self) -> None:
        self._words.hush()
        await self._pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._http.close()

    def in_session_first_packet_ms(self) -> float | None:
        return None

    def mouth_s(self) -> float:
        return self._words.mouth_s

    def account(self) -> dict[str, Any]:
        return {}

    def ear(self) -> Ear:
        return Ear(heard(self._heard), self._arrived_s)

    async def _post(self, path: str, body: object) -> dict[str, Any]:
        async with self._http.post(self._url + path, json=body) as reply:
            reply.raise_for_status()
            found: dict[str, Any] = await reply.json()
            return found

    def _opened(self) -> None:
        self._tasks.append(asyncio.create_task(self._ping(), name="ping"))
        self._say("client-ready", {"version": "2.2.0", "about": {"library": "bare"}})
        self._talk("start")

    async def _ping(self) -> None:
        while self._channel.readyState == "open":
            self._channel.send(f"ping: {int(time.time() * 1000)}")
            await asyncio.sleep(1.0)

    def _message(self, text: str) -> None:
        if text.startswith("{") and json.loads(text).get("type") == "bot-ready" and not self._ready.done():
            self._ready.set_result(None)

    def _say(self, type_: str, data: Mapping[str, Any]) -> None:
        message = {"label": "rtvi-ai", "type": type_, "id": uuid.uuid4().hex[:8], "data": data}
        self._channel.send(json.dumps(message))

    def _talk(self, state: str) -> None:
        self._say("client-message", {"t": "push_to_talk", "d": {"state": state}})

    def _track(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._listen(track), name="listen"))

    async def _listen(self, track: MediaStreamTrack) -> None:
        """Play what comes, as soon as it is decoded: to nobody, or into a file."""
        self._arrived_s.clear()
        with contextlib.ExitStack() as stack, contextlib.suppress(MediaStreamError):
            file = stack.enter_context(wave.open(str(self._heard), "wb")) if self._keep else None
            if file is not None:
                file.setnchannels(2)
                file.setsampwidth(2)
                file.setframerate(HEARD_HZ)
            while True:
                frame = await track.recv()
                if file is not None:
                    assert isinstance(frame, AudioFrame)
                    file.writeframesraw(bytes(frame.planes[0])[: 4 * frame.samples])
                    self._arrived_s.append(time.monotonic())


def _first_packet(transport: Any) -> Callable[[], float]:
    """When the first packet of sound left by *transport*, to be asked afterwards. Later ones pay nothing for it."""
    send = transport._send_rtp
    left_s: list[float] = []

    async def once(data: bytes) -> None:
        await send(data)
        if not 192 <= data[1] <= 223:  # no RTCP
            left_s.append(time.monotonic())
            del transport._send_rtp

    transport._send_rtp = once
    return lambda: left_s[0]


@contextlib.asynccontextmanager
async def client(url: str, folder: Path, body: Mapping[str, Any], *, keep: bool) -> AsyncIterator[Bare]:
    """A bare client of the runner at *url*, which is told *body* at each start; see `MakeClient`."""
    yield Bare(url, folder, body, keep=keep)
