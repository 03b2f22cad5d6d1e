"""A bare client of a Pipecat runner, written from the wire alone: stock aiortc, its own encoder and jitter buffer.

It knows nothing of the appliance. Both runners are held against what it sees, and the appliance is measured beside it;
so it stays at aiortc's defaults, except that no STUN server is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Self

import aiohttp
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler
from numpy.typing import NDArray

Samples = NDArray[np.int16]
Message = dict[str, object]

RATE_HZ = 16_000
PERIOD_FRAMES = 320
DEADLINE_S = 10.0


class Speech(MediaStreamTrack):
    """What the client says: 16 kHz mono in real time, silence where there is nothing."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._words = np.zeros(0, np.int16)
        self._began_s: float | None = None
        self._sent = 0
        self.said = asyncio.Event()
        self.said.set()

    def say(self, samples: Samples) -> None:
        """Say *samples* from the next frame on; `said` is set when the last frame has gone."""
        self._words = np.concatenate([self._words, samples])
        self.said.clear()

    async def recv(self) -> AudioFrame:
        """The next 20 ms, when they are due."""
        if self.readyState != "live":
            raise MediaStreamError
        if self._began_s is None:
            self._began_s = time.monotonic()
        await asyncio.sleep(max(0.0, self._began_s + self._sent / RATE_HZ - time.monotonic()))
        if not len(self._words):
            self.said.set()
        block = np.zeros((1, PERIOD_FRAMES), np.int16)
        now, self._words = self._words[:PERIOD_FRAMES], self._words[PERIOD_FRAMES:]
        block[0, : len(now)] = now
        frame = AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts = self._sent
        frame.time_base = fractions.Fraction(1, RATE_HZ)
        self._sent += PERIOD_FRAMES
        return frame


class Witness:
    """One conversation. Everything that comes is kept with its time: `messages`, `raw`, `endings`, and the sound."""

    def __init__(self, url: str, *, pings: bool = True) -> None:
        """*url* is the runner's base."""
        self._url = url
        self._pings = pings
        self.speech = Speech()
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.addTrack(self.speech)
        self._channel = self.pc.createDataChannel("chat")
        self.messages: list[Message] = []
        self.raw: list[str | bytes] = []
        self.endings: list[str] = []
        """`peerLeft`, `track`, `channel`, `closed`, in the order they came."""
        self.frames = 0
        """Frames of sound that came, silence included."""
        self.shape = (0, 0)
        """Rate and channels of the last one."""
        self._heard: list[Samples] = []
        self.session = ""
        self.pc_id = ""
        self.answer_sdp = ""
        self._http = aiohttp.ClientSession()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._watch()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    def _watch(self) -> None:
        self.pc.on("track", lambda track: self._spawn(self._listen(track), "witness-listen"))
        self.pc.on("connectionstatechange", self._state_changed)
        self._channel.on("open", self._opened)
        self._channel.on("message", self._message)
        self._channel.on("close", lambda: self._ended("channel"))

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    def _state_changed(self) -> None:
        if self.pc.connectionState == "closed":
            self._ended("closed")
        self._changed.set()

    def _ended(self, what: str) -> None:
        if what not in self.endings:
            self.endings.append(what)
        self._changed.set()

    def _opened(self) -> None:
        if self._pings:
            self._spawn(self._ping(), "witness-ping")
        self._changed.set()

    async def _ping(self) -> None:
        while self._channel.readyState == "open":
            self._channel.send(f"ping: {int(time.time() * 1000)}")
            await asyncio.sleep(1.0)

    def stop_pings(self) -> None:
        """Let the runner believe that we are gone."""
        for task in self._tasks:
            if task.get_name() == "witness-ping":
                task.cancel()

    def _message(self, text: str | bytes) -> None:
        self.raw.append(text)
        with contextlib.suppress(ValueError, RecursionError):
            message = json.loads(text)
            if isinstance(message, dict):
                self.messages.append(message)
                if message.get("message") == {"type": "peerLeft"}:
                    self._ended("peerLeft")
        self._changed.set()

    async def _listen(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler("s16", "mono", RATE_HZ)
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                self.frames += 1
                self.shape = (frame.sample_rate, len(frame.layout.channels))
                self._heard.extend(same.to_ndarray().reshape(-1).astype(np.int16) for same in resampler.resample(frame))
                self._changed.set()
        self._ended("track")

    async def post(self, path: str, body: object, method: str = "POST") -> tuple[int, object]:
        """One request with JSON *body*; the status, and the reply as JSON or else as text."""
        async with self._http.request(method, self._url + path, json=body, allow_redirects=False) as reply:
            text = await reply.text()
            try:
                return reply.status, json.loads(text)
            except ValueError:
                return reply.status, text

    async def start(self, body: Message | None = None) -> Message:
        """`POST /start` for WebRTC, with *body* for the bot."""
        status, reply = await self.post("/start", {"transport": "webrtc", "body": body or {}})
        assert status == 200, (status, reply)
        assert isinstance(reply, dict)
        self.session = reply["sessionId"]
        return reply

    async def offer(self, path: str | None = None, *, resume: str | None = None) -> Message:
        """Offer on the session, or on *path*; connects. *resume* is the pc_id of a connection to take over."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp = self.pc.localDescription.sdp
        body = {"sdp": sdp, "type": "offer", "pc_id": resume, "restart_pc": resume is not None}
        status, answer = await self.post(path or f"/sessions/{self.session}/api/offer", body)
        assert status == 200, (status, answer)
        assert isinstance(answer, dict)
        self.pc_id, self.answer_sdp = answer["pc_id"], answer["sdp"]
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=answer["sdp"], type=answer["type"]))
        return answer

    async def probe(self) -> int:
        """Ask whether the bot of this session is alive: the status of an empty PATCH."""
        status, _ = await self.post(
            f"/sessions/{self.session}/api/offer", {"pc_id": self.pc_id, "candidates": []}, "PATCH"
        )
        return status

    async def opened(self) -> None:
        """Wait until the channel is open."""
        await self.until(lambda: self._channel.readyState == "open", "the channel to open")

    async def connect(self) -> None:
        """Start, offer, and wait for the channel."""
        await self.start()
        await self.offer()
        await self.opened()

    async def ready(self) -> Message:
        """Connect, say client-ready, and wait for bot-ready, which is returned."""
        await self.connect()
        return await self.ask("client-ready", {"version": "2.2.0", "about": {"library": "witness"}})

    def send(self, message: object) -> None:
        """Send *message* as JSON; text goes as it is."""
        self._channel.send(message if isinstance(message, str) else json.dumps(message))

    def tell(self, type_: str, data: Message | None = None) -> str:
        """Send an RTVI message, and return its id."""
        id_ = uuid.uuid4().hex[:8]
        self.send({"label": "rtvi-ai", "type": type_, "id": id_, "data": data or {}})
        return id_

    async def ask(self, type_: str, data: Message | None = None) -> Message:
        """Send an RTVI message, and wait for the answer that carries its id."""
        id_ = self.tell(type_, data)
        await self.until(lambda: any(m.get("id") == id_ for m in self.messages), f"the answer to {type_}")
        return next(m for m in self.messages if m.get("id") == id_)

    def talk(self, state: str) -> None:
        """`push_to_talk` with *state* `start` or `stop`."""
        self.tell("client-message", {"t": "push_to_talk", "d": {"state": state}})

    async def turn(self, samples: Samples, tail_s: float = 0.4) -> None:
        """Say *samples* as one turn. The *tail_s* of silence brings the last word through the runner's buffer."""
        self.talk("start")
        self.speech.say(np.concatenate([samples, np.zeros(int(tail_s * RATE_HZ), np.int16)]))
        await asyncio.wait_for(self.speech.said.wait(), DEADLINE_S + len(samples) / RATE_HZ)
        self.talk("stop")

    def types(self) -> list[str]:
        """The types of all RTVI messages so far."""
        return [str(m.get("type")) for m in self.messages if m.get("label") == "rtvi-ai"]

    async def got(self, type_: str, deadline_s: float = DEADLINE_S) -> Message:
        """Wait for the first message of *type_*."""
        await self.until(lambda: type_ in self.types(), f"a {type_} message", deadline_s)
        return next(m for m in self.messages if m.get("type") == type_)

    async def ended(self, deadline_s: float = DEADLINE_S) -> list[str]:
        """Wait until the connection is closed by the runner; how it ended."""
        await self.until(lambda: "closed" in self.endings and "track" in self.endings, "the end", deadline_s)
        return self.endings

    def heard(self) -> Samples:
        """All the sound that came, 16 kHz mono."""
        return np.concatenate([*self._heard, np.zeros(0, np.int16)])

    async def until(self, condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
        """Wait until something that came makes *condition* true; `AssertionError` says what did not come."""
        try:
            async with asyncio.timeout(deadline_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited {deadline_s} s for {what}; came: {self.types()}, {self.endings}") from None

    async def close(self) -> None:
        """Leave without a word. Idempotent."""
        if self.pc.connectionState == "connecting":  # closed at a bad moment, aioice leaves a task behind
            settled = asyncio.Event()
            self.pc.on("connectionstatechange", settled.set)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(settled.wait(), 0.3)
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()


@contextlib.asynccontextmanager
async def witness(url: str, *, pings: bool = True) -> AsyncIterator[Witness]:
    """A client of the runner at *url*, closed at the end."""
    client = Witness(url, pings=pings)
    try:
        yield client
    finally:
        await client.close()
