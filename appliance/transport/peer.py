"""One WebRTC peer connection: sound both ways and one data channel, by aiortc. Single use.

Sound comes first in the offer, because the runner goes by position; Opus alone is offered, because nothing else is
spoken here and a runner may then send nothing else. Candidates are gathered before the offer is made, so no trickling.
The track that the library sends from is for ever silent: packets go around it (`aiortc_private.sending`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcicetransport import parse_stun_turn_uri

from appliance.session.failure import Failure, Kind
from appliance.telling import tell
from appliance.transport.aiortc_private.receiving import Incoming, receive
from appliance.transport.aiortc_private.saying import repeat_unacknowledged, unacknowledged
from appliance.transport.aiortc_private.sending import RtpWriter
from appliance.transport.replies import AttemptError
from appliance.transport.rtvi import ping
from appliance.transport.sdp import opus_payload_type
from appliance.transport.settings import IceServer
from appliance.transport.text import one_line
from appliance.units import Seconds

_log = logging.getLogger(__name__)

SETTLING_S: Seconds = 0.5
"""Ten times what connecting takes on a local network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerEvents:
    """What a peer reports, on the loop. None of them may raise: the library would end the connection over it."""

    opened: Callable[[], None]
    heard: Callable[[str | bytes], None]
    incoming: Incoming
    ended: Callable[[], None]
    """The channel closed, or the connection failed or closed. May come more than once."""


class Peer:
    """Order of use: `offer`, `accept`, then `writer` and `say`; `close` at any time."""

    def __init__(self, servers: Sequence[IceServer], events: PeerEvents) -> None:
        configuration = RTCConfiguration(iceServers=_ice_servers(servers), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._connection = RTCPeerConnection(configuration)
        self._events = events
        self._gathering: asyncio.Task[None] | None = None
        self._audio = self._connection.addTransceiver(_SilentTrack(), direction="sendrecv")
        capabilities = RTCRtpReceiver.getCapabilities("audio")
        assert capabilities is not None
        self._audio.setCodecPreferences([codec for codec in capabilities.codecs if codec.mimeType == "audio/opus"])
        self._channel = self._connection.createDataChannel("chat", ordered=True)
        self._channel.on("open", events.opened)
        self._channel.on("message", events.heard)
        self._channel.on("close", events.ended)
        self._connection.on("connectionstatechange", self._state_changed)

    async def offer(self) -> str:
        """Gather candidates and return the offer: at once, or up to 5 s with a STUN or TURN server that is dead.

        Cancelled, the gathering goes on, and `close` waits for it: the library would lose sight of a relay just made.
        """
        self._gathering = asyncio.get_running_loop().create_task(self._gather(), name="gather-candidates")
        await asyncio.shield(self._gathering)
        return str(self._connection.localDescription.sdp)

    async def accept(self, sdp: str) -> None:
        """Apply the runner's answer; connecting goes on by itself. Raises `AttemptError` if it cannot be used."""
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
        except Exception as exc:  # whatever the library's parser trips over is in their SDP, not in us
            what = one_line(f"{type(exc).__name__}: {exc}".rstrip(": "))
            message = f"the runner's SDP answer cannot be used ({what}); is a Pipecat runner there?"
            raise AttemptError(Failure(Kind.NONSENSE, message)) from exc
        receive(self._audio.receiver, self._events.incoming)

    def writer(self, sdp: str) -> RtpWriter:
        """What sends packets as the answer *sdp* wants them. After `accept`."""
        payload_type = opus_payload_type(sdp)
        assert payload_type is not None, "an answer without Opus is refused before it comes here"
        return RtpWriter(self._audio.sender, payload_type)

    def say(self, text: str) -> bool:
        """Put *text* on the channel. False if it is not open, or the runner takes no message of that size."""
        if self._channel.readyState != "open":
            return False
        try:
            self._channel.send(text)
        except ValueError:
            tell(_log, logging.WARNING, "message_too_long", bytes=len(text))
            return False
        return True

    def ask(self) -> None:
        """Say something that is acknowledged when all that was sent before has been read: there is one socket."""
        self.say(ping(int(time.time() * 1000)))

    def owed(self) -> bool:
        """Whether something that was said has not been acknowledged. Any thread."""
        return unacknowledged(self._connection)

    def again(self) -> None:
        """Say once more what has not been acknowledged."""
        repeat_unacknowledged(self._connection)

    @property
    def state(self) -> str:
        """`new`, `connecting`, `connected`, `failed` or `closed`, as the library says it."""
        return str(self._connection.connectionState)

    async def _gather(self) -> None:
        await self._connection.setLocalDescription(await self._connection.createOffer())

    async def close(self) -> None:
        """Tell the other end, and let go of sockets, tasks and the decoder's thread. Nothing is reported any more.

        A connection just being made is given `SETTLING_S` first: closed between its last check and the tick that sees
        it, the library starts to renew a consent that nobody ends, and closed in the handshake it raises in a task.
        """
        self._channel.remove_all_listeners()
        self._connection.remove_listener("connectionstatechange", self._state_changed)
        if self._gathering is not None:
            await asyncio.wait([self._gathering])
        if self.state == "connecting":
            settled = asyncio.Event()
            self._connection.on("connectionstatechange", settled.set)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(settled.wait(), SETTLING_S)
        await self._connection.close()

    def _state_changed(self) -> None:
        if self.state in ("failed", "closed"):
            self._events.ended()


class _SilentTrack(MediaStreamTrack):
    """Never has anything to send, which costs nothing. Without a track the sender looks for one 50 times a second."""

    kind = "audio"

    async def recv(self) -> NoReturn:
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody answers")


def _ice_servers(servers: Sequence[IceServer]) -> list[RTCIceServer]:
    """What the library can use of *servers*. An address it cannot read is left out: it would refuse them all."""
    usable: list[RTCIceServer] = []
    for server in servers:
        urls = [url for url in server.urls if _readable(url)]
        credentials: dict[str, Any] = {}
        if server.username or server.credential:
            credentials = {"username": server.username, "credential": server.credential}
        if urls:
            usable.append(RTCIceServer(urls=urls, **credentials))
    return usable


def _readable(url: str) -> bool:
    try:
        parse_stun_turn_uri(url)
    except ValueError:
        tell(_log, logging.WARNING, "ice_server_ignored", url=one_line(url, 80))
        return False
    return True
