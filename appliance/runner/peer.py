"""One client of the runner: its peer connection, data channel, pings and sound, as a development runner keeps them.

The peer knows nothing of bots but the `Listener` that is attached to it. A client may come back on a new connection
(`restart`); the listener stays. Event loop only.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Protocol

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceCandidate,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamTrack

from appliance.runner.connection import close_settled, listen
from appliance.runner.messages import PEER_LEFT, Message, parse
from appliance.runner.sound import Samples, Voice, VoiceTrack
from appliance.units import Seconds

log = logging.getLogger(__name__)

PING_FRESH_S: Seconds = 3.0
"""Once a ping has come, a client whose last one is older counts as gone."""
CONNECTING_LIMIT_S: Seconds = 60.0
QUEUE_MAX = 50
"""Messages kept in each direction until the other side is there."""
_EARLY_FRAMES_MAX = 500
"""Sound kept for a bot that is not there yet: 10 s."""
_TAPE_MAX = 30_000
"""Ten minutes of sound, for tests."""

Tape = list[Samples | Message]


class Listener(Protocol):
    """What a peer tells the bot that is attached to it."""

    voice: Voice | None
    """What the client is to hear; None: not a packet is sent."""

    def connected(self) -> None:
        """The client is there; again after each `restart`."""

    def message(self, message: Message) -> None:
        """A JSON object came that is no signalling."""

    def sound(self, samples: Samples) -> None:
        """A frame of sound came, 48 kHz mono."""

    def lull(self) -> None:
        """No sound came for a second."""

    def gone(self) -> None:
        """The client has left, or never came. Called once, and not when we left."""


class Peer:
    """One client, from its offer until one side leaves."""

    def __init__(self, number: int, *, closed: Callable[[Peer], None], malformed: Callable[[], None]) -> None:
        """*closed* is told once when the connection is gone for good; *malformed* of each message that was none."""
        self.ids: list[str] = []
        self.tape: Tape | None = None
        """Where everything that the bot gets is kept, too. Nowhere, for anybody but tests."""
        self._number = number
        self._on_closed = closed
        self._on_malformed = malformed
        self._listener: Listener | None = None
        self._answer_sdp = ""
        self._over = False
        self._leaving = False
        self._inbox: list[Message] = []
        self._early: deque[Samples] = deque(maxlen=_EARLY_FRAMES_MAX)
        self._begin()

    def _begin(self) -> None:
        self.ids.append(f"SmallWebRTCConnection#{self._number}-{uuid.uuid4().hex}")
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._channel: RTCDataChannel | None = None
        self._outbox: list[str | bytes] | None = []
        self._last_ping_s: Seconds | None = None
        self._limit: asyncio.TimerHandle | None = None
        self._listening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._pc.on("connectionstatechange", self._state_changed)
        self._pc.on("datachannel", self._channel_came)
        self._pc.on("track", self._track_came)

    async def negotiate(self, sdp: str, type_: str) -> dict[str, str]:
        """Take an offer and return the whole answer, candidates included. What aiortc refuses it raises."""
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type=type_))
        for index, transceiver in enumerate(self._pc.getTransceivers()):
            transceiver.direction = "sendrecv" if index < 2 else "recvonly"
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        self._answer_sdp = self._pc.localDescription.sdp
        return {"sdp": self._answer_sdp, "type": "answer", "pc_id": self.ids[-1]}

    async def restart(self, sdp: str, type_: str) -> dict[str, str]:
        """Go on with the same bot on a new connection, under a new id. The old one closes without a word."""
        await self._end_connection()
        self._begin()
        return await self.negotiate(sdp, type_)

    async def add_candidate(self, candidate: RTCIceCandidate | None) -> None:
        """Add a trickled candidate of the client; None ends them."""
        await self._pc.addIceCandidate(candidate)

    @property
    def alive(self) -> bool:
        """Whether the client counts as there: by its pings if it ever sent one, else by the connection."""
        if self._listener is None:
            return False
        if self._last_ping_s is None:
            return self._pc.connectionState == "connected"
        return asyncio.get_running_loop().time() - self._last_ping_s < PING_FRESH_S

    def attach(self, listener: Listener) -> None:
        """Let *listener* hear and speak. What was said to it before it was there it gets now, in order."""
        self._listener = listener
        if self._over:
            listener.gone()
        elif self._pc.connectionState == "connected":
            self._connected()

    def send(self, message: Message) -> None:
        self.send_raw(json.dumps(message))

    def send_raw(self, text: str | bytes) -> None:
        """Send *text* as it is, or keep it until there is a channel. A closed channel drops it."""
        if self._channel is None:
            if self._outbox is not None and len(self._outbox) < QUEUE_MAX:
                self._outbox.append(text)
        elif self._channel.readyState == "open":
            self._channel.send(text)

    async def leave(self) -> None:
        """The bot is done: say so and close. A client without fresh pings is left as it is, and never told."""
        if self.alive:
            self.send(PEER_LEFT)
            await self.close()
        self._listener = None

    async def close(self) -> None:
        """Close, with no word to the listener. Idempotent."""
        self._leaving = True
        await self._end_connection()
        self._finish()

    async def _end_connection(self) -> None:
        self._pc.remove_all_listeners()
        if self._limit is not None:
            self._limit.cancel()
        if self._listening is not None:
            self._listening.cancel()
        # aiortc's close must run to its end once it has begun, or every later one waits for it for ever.
        await asyncio.shield(self._close_connection())

    def _close_connection(self) -> asyncio.Task[None]:
        if self._closing is None:
            self._closing = self._task(close_settled(self._pc), "close")
        return self._closing

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        if self._limit is not None:
            self._limit.cancel()
        if self._listener is not None and not self._leaving:
            self._listener.gone()
        self._on_closed(self)

    def _state_changed(self) -> None:
        state = self._pc.connectionState
        loop = asyncio.get_running_loop()
        if self._limit is not None:
            self._limit.cancel()
        if state == "connecting":
            self._limit = loop.call_later(CONNECTING_LIMIT_S, self._give_up)
        elif state == "connected":
            self._connected()
        elif state == "failed":
            self._give_up()
        elif state == "closed":
            self._finish()

    def _give_up(self) -> None:
        log.warning("runner_connection_timeout pc_id=%s", self.ids[-1])
        self._close_connection()

    def _task(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work, name=f"runner {name} {self._number}")

    def _connected(self) -> None:
        if self._listener is None:
            return
        transceivers = self._pc.getTransceivers()
        if transceivers and self._listener.voice is not None:
            transceivers[0].sender.replaceTrack(VoiceTrack(self._listener.voice))
        self._listener.connected()
        early, self._early = self._early, deque(maxlen=_EARLY_FRAMES_MAX)
        for samples in early:
            self._heard(samples)
        inbox, self._inbox = self._inbox, []
        for message in inbox:
            self._record(message)
            self._listener.message(message)

    def _channel_came(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        channel.on("message", self._message_came)
        outbox, self._outbox = self._outbox or [], None
        for text in outbox:
            channel.send(text)

    def _message_came(self, text: str | bytes) -> None:
        if isinstance(text, str) and text.startswith("ping"):
            self._last_ping_s = asyncio.get_running_loop().time()
            return
        message = parse(text)
        if message is None:
            self._on_malformed()
        elif message.get("type") == "signalling":
            return  # trackStatus is all a client says here, and it has no effect on sound
        elif self.alive and self._listener is not None:
            self._record(message)
            self._listener.message(message)
        elif len(self._inbox) < QUEUE_MAX:
            self._inbox.append(message)

    def _track_came(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and self._listening is None:
            self._listening = self._task(listen(track, heard=self._heard, lull=self._lull), "listen")

    def _heard(self, samples: Samples) -> None:
        if self._listener is None:
            self._early.append(samples)
        else:
            self._record(samples)
            self._listener.sound(samples)

    def _lull(self) -> None:
        if self._listener is not None:
            self._listener.lull()

    def _record(self, item: Samples | Message) -> None:
        if self.tape is not None and len(self.tape) < _TAPE_MAX:
            self.tape.append(item)
