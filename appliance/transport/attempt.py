"""One session over SmallWebRTC: from the start request to the closed connection.

Theory of operation. All on the loop. `start` and `connect` each run as a task; the pings are a third; what the peer
reports comes as calls out of the library's own tasks. Everything that goes wrong in any of them ends in `_fail`, which
lets go of everything and posts `AttemptFailed` as the last event. `close` lets go without a word. Letting go is a task
too (`_let_go`), begun at most once, and `wait_closed` waits for it.

    start -> BotStarted    connect -> offer made -> OfferAnswered -> channel open -> Connected -> BotReady
                                           |                              |
      leave before the offer: BotLeft      +- leave after it: told when --+-> BotLeft (peerLeft)

What may reach the library from a callback of ours is nothing: an exception there would end its receive loop.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec

from appliance.errors import UnavailableError
from appliance.session.events import AttemptFailed, BotLeft, BotStarted, Connected, Event, OfferAnswered, Reply
from appliance.session.failure import Failure, Kind
from appliance.session.media import MediaLink, Receive
from appliance.telling import tell
from appliance.transport.aiortc_private import reach_this_machine, verify
from appliance.transport.channel import RtviChannel
from appliance.transport.counters import LinkCounters
from appliance.transport.peer import Peer, PeerEvents
from appliance.transport.pings import run_pings
from appliance.transport.port import Post
from appliance.transport.replies import AttemptError
from appliance.transport.resolver import DaemonResolver
from appliance.transport.settings import TransportSettings
from appliance.transport.signalling import Signalling
from appliance.transport.uplink import UpLink

_log = logging.getLogger(__name__)

_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class Tools:
    """What the sessions of one transport share."""

    resolver: DaemonResolver
    tls: ssl.SSLContext | None


def make_tools(settings: TransportSettings) -> Tools:
    """Check the library and read the certificates. Raises `UnavailableError`."""
    verify()
    reach_this_machine()
    return Tools(DaemonResolver(), _trust(settings.ca_file) if settings.ca_file else None)


class WebRtcSession:
    """A `Session`; see `port`."""

    def __init__(self, attempt: int, settings: TransportSettings, tools: Tools, post: Post, receive: Receive) -> None:
        self.attempt = attempt
        self.counters = LinkCounters()
        self._loop = asyncio.get_running_loop()
        self._post = post
        self._receive = receive
        self._uplink = UpLink(self._loop, self.counters, copies=settings.copies, jumps=settings.jumps)
        self.link = MediaLink(settings.codec, self._uplink.send, self._uplink.waiting)
        self._signalling = Signalling(settings, resolver=tools.resolver, tls=tools.tls)
        self._channel = RtviChannel(
            attempt,
            self.counters,
            self._emit,
            about=settings.about,
            turn_message_type=settings.turn_message_type,
        )
        self._peer: Peer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closer: asyncio.Task[None] | None = None
        self._offered = False
        self._connected = False
        self._leaving = False

    def start(self) -> None:
        self._spawn("start", self._start)

    def connect(self, reply: Reply | None) -> None:
        self._spawn("connect", lambda: self._connect(reply))

    def send_turn(self, state: Literal["start", "stop"]) -> None:
        if self._closer is None:
            self._channel.say_turn(state)

    def leave(self) -> None:
        if self._leaving or self._closer is not None:
            return
        self._leaving = True
        if self._offered:
            self._channel.leave()
            return
        # No offer is out, so no bot is being made: what is under way ends here.
        for task in self._tasks:
            task.cancel()
        self._loop.call_soon(self._emit, BotLeft(self.attempt))

    def close(self) -> None:
        self._release()

    async def wait_closed(self) -> None:
        if self._closer is not None:
            await asyncio.shield(self._closer)

    async def _start(self) -> None:
        self._emit(BotStarted(self.attempt, await self._signalling.start()))

    async def _connect(self, reply: Reply | None) -> None:
        events = PeerEvents(
            opened=self._guarded(self._opened),
            heard=self._guarded(self._channel.hear),
            packet=self._packet,
            empty_packet=self._empty_packet,
            ended=self._guarded(self._ended),
        )
        self._peer = Peer(self._signalling.ice_servers(reply), events)
        sdp = await self._peer.offer()
        self._offered = True
        answer = await self._signalling.offer(reply, sdp)
        self._emit(OfferAnswered(self.attempt))
        await self._peer.accept(answer.sdp)
        self._uplink.open(self._peer.writer(answer.sdp), self._peer)

    def _opened(self) -> None:
        """The channel is open. The first ping goes before everything else."""
        assert self._peer is not None
        say = self._peer.say
        self._spawn("pings", lambda: run_pings(say, self.counters))
        self._channel.open(say, leaving=self._leaving)
        self._connected = True
        if not self._leaving:
            self._emit(Connected(self.attempt))

    def _packet(self, sequence: int, timestamp: int, payload: bytes) -> None:
        counters = self.counters
        counters.packets_received += 1
        counters.bytes_received += len(payload)
        if self._closer is not None:
            return
        try:
            self._receive(sequence, timestamp, payload)
        except Exception:  # noqa: BLE001 - as in _guarded, without its extra call for each packet
            self._fail_unforeseen("receive")

    def _empty_packet(self) -> None:
        self.counters.packets_empty += 1

    def _ended(self) -> None:
        if self._connected:
            self._fail(
                Failure(Kind.LINK, "the connection to the bot was lost; the bot, its runner or the network went away")
            )
            return
        what = "no connection for sound came about, though the runner answered"
        self._fail(
            Failure(
                Kind.UNREACHABLE, f"{what}; UDP between here and there may be blocked, or [runner] ice_servers needed"
            )
        )

    def _emit(self, event: Event) -> None:
        if self._closer is None:
            self._post(event)

    def _fail(self, failure: Failure) -> None:
        """The attempt is over: let go of everything, then say so, once."""
        if self._closer is None:
            self._release()
            self._post(AttemptFailed(self.attempt, failure))

    def _fail_unforeseen(self, where: str) -> None:
        """An exception of ours is being handled: trace to the log, one sentence to the machine."""
        tell(_log, logging.ERROR, "session_exception", trace=True, attempt=self.attempt, where=where)
        self._fail(Failure(Kind.INTERNAL, f"an error inside the appliance ({where}); the log has its trace"))

    def _spawn(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._closer is not None:
            return
        task = self._loop.create_task(self._run(name, work), name=f"session-{self.attempt}-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except AttemptError as exc:
            self._fail(exc.failure)
        except Exception:  # noqa: BLE001 - the one place for what nobody foresaw in a task of a session
            self._fail_unforeseen(name)

    def _guarded(self, call: Callable[_P, None]) -> Callable[_P, None]:
        """*call*, as something that the library may call: it never raises."""

        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> None:
            try:
                call(*args, **kwargs)
            except Exception:  # noqa: BLE001 - raised in the library it would end its receive loop without a word
                self._fail_unforeseen(call.__name__)

        return guarded

    def _release(self) -> None:
        if self._closer is not None:
            return
        self._uplink.close()
        leaving = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in leaving:
            task.cancel()
        self._closer = self._loop.create_task(self._let_go(leaving), name=f"session-{self.attempt}-close")

    async def _let_go(self, tasks: list[asyncio.Task[None]]) -> None:
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._peer is not None:
            await self._peer.close()
        await self._signalling.close()


def _trust(ca_file: str) -> ssl.SSLContext:
    """The system's authorities and those in *ca_file*."""
    try:
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as exc:
        what = f"cannot use [runner] ca_file '{ca_file}': {exc.strerror or exc}"
        raise UnavailableError(f"{what}; a readable file of PEM certificates was expected") from exc
    return context
