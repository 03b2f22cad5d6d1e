"""One session over SmallWebRTC: from the start request to the closed connection.

Theory of operation. All on the loop. `start`, `connect`, `probe` and `resume` each run as a task, and so do the pings;
what the peer reports comes as calls out of the library's own tasks. What goes wrong until the connection is made, and
what nobody foresaw at any time, ends in `_fail`, which lets go of everything and posts `AttemptFailed` as the last
event. A connection that ends later is only told of: the session may go on by another (`line`). `close` lets go without
a word. Letting go is a task too (`_let_go`), begun at most once, and `wait_closed` waits for it.

    start -> BotStarted    connect -> offer made -> OfferAnswered -> channel open -> Connected -> BotReady
                                           |                              |
      leave before the offer: BotLeft      +- leave after it: told when --+-> BotLeft (peerLeft)

What may reach the library from a callback of ours is nothing: an exception there would end its receive loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Literal, ParamSpec

from appliance.session.events import (
    AttemptFailed,
    BotLeft,
    BotStarted,
    Connected,
    ConnectionLost,
    Event,
    OfferAnswered,
    PingsLate,
    Probed,
    Reply,
    ResumeFailed,
    Signs,
)
from appliance.session.failure import Failure, Kind
from appliance.session.media import MediaLink, Receive
from appliance.session.search import HUSH_S
from appliance.telling import tell
from appliance.transport.channel import RtviChannel
from appliance.transport.counters import LinkCounters
from appliance.transport.line import Line, LineEvents
from appliance.transport.port import Post
from appliance.transport.replies import Answer, AttemptError
from appliance.transport.settings import TransportSettings
from appliance.transport.signalling import Signalling
from appliance.transport.tools import Tools
from appliance.transport.uplink import UpLink

_log = logging.getLogger(__name__)

_P = ParamSpec("_P")


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
        self._reply: Reply | None = None
        self._pc_id = ""
        self._lines: list[Line] = []
        """The last is the present one. Those before it were cut, and are closed once the runner has let go of them."""
        self._closing: set[asyncio.Task[None]] = set()
        self._probing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closer: asyncio.Task[None] | None = None
        self._offered = False
        self._connected = False
        self._leaving = False

    def start(self) -> None:
        self._spawn("start", self._start)

    def connect(self, reply: Reply | None) -> None:
        self._spawn("connect", lambda: self._connect(reply))

    def probe(self) -> None:
        if self._probing is not None:
            self._probing.cancel()
        self._probing = self._spawn("probe", self._probe)

    def resume(self, *, quiet: bool) -> None:
        self._spawn("resume", lambda: self._resume(quiet))

    def send_turn(self, state: Literal["start", "stop"]) -> None:
        if self._closer is None and self._channel.say_turn(state) and state == "start":
            self._uplink.hold()

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
        self._reply = reply
        line = self._new_line()
        sdp = await line.peer.offer()
        self._offered = True
        answer = await self._signalling.offer(reply, sdp)
        await self._accept(line, answer)

    async def _probe(self) -> None:
        self._emit(Probed(self.attempt, await self._signalling.probe(self._reply, self._pc_id)))

    async def _resume(self, quiet: bool) -> None:
        """The runner closes its end of the old connection with its answer, and must not see ours go before: it would
        tell the bot that we have left."""
        old, line = self._lines[-1], self._new_line()
        taken_in_s = max(line.taken_in_s for line in self._lines)
        old.cut()
        self._uplink.part()
        try:
            sdp = await line.peer.offer()
            if quiet:
                await asyncio.sleep(max(0.0, old.pinged_s + HUSH_S - self._loop.time()))
            answer = await self._signalling.offer(self._reply, sdp, restart=self._pc_id)
        except AttemptError as exc:
            line.cut()
            self._emit(ResumeFailed(self.attempt, exc.failure))
            return
        self._channel.reopen(taken_in_s)
        for past in self._lines[:-1]:
            task = self._loop.create_task(past.close(), name=f"session-{self.attempt}-close-past")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        self._lines = [line]
        await self._accept(line, answer)

    async def _accept(self, line: Line, answer: Answer) -> None:
        self._pc_id = answer.pc_id
        self._emit(OfferAnswered(self.attempt))
        await line.peer.accept(answer.sdp)
        self._uplink.open(line.peer.writer(answer.sdp), line.peer)

    def _new_line(self) -> Line:
        events = LineEvents(
            opened=self._guarded(self._opened),
            heard=self._guarded(self._channel.hear),
            packet=self._packet,
            ended=self._guarded(self._ended),
            signs=self._guarded(self._signs),
            lossy=self._uplink.lossy,
            pings_late=self._guarded(self._pings_late),
        )
        line = Line(self._signalling.ice_servers(self._reply), events, self.counters, self._spawn)
        self._lines.append(line)
        return line

    def _opened(self) -> None:
        self._channel.open(self._lines[-1].peer.say, leaving=self._leaving)
        self._uplink.hold()
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

    def _signs(self, sound: bool, heard: bool) -> None:
        self._emit(Signs(self.attempt, sound, heard))

    def _pings_late(self) -> None:
        self._emit(PingsLate(self.attempt))

    def _ended(self) -> None:
        if self._connected:
            self._emit(ConnectionLost(self.attempt))
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

    def _spawn(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None] | None:
        if self._closer is not None:
            return None
        task = self._loop.create_task(self._run(name, work), name=f"session-{self.attempt}-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

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
        for line in self._lines:
            line.cut()
        leaving = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in leaving:
            task.cancel()
        self._closer = self._loop.create_task(self._let_go(leaving), name=f"session-{self.attempt}-close")

    async def _let_go(self, tasks: list[asyncio.Task[None]]) -> None:
        await asyncio.gather(*tasks, *self._closing, return_exceptions=True)
        for line in self._lines:
            await line.close()
        await self._signalling.close()
