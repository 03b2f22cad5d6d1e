"""One connection of a session: the peer, the keepalive to it, and the signs that it lives. A resumed session has had
several. Loop only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.session.media import Receive
from appliance.transport.aiortc_private.receiving import Incoming
from appliance.transport.counters import LinkCounters
from appliance.transport.peer import Peer, PeerEvents
from appliance.transport.pings import run_pings
from appliance.transport.settings import IceServer
from appliance.transport.signs import SignsOfLife, Tell
from appliance.transport.uplink import AGAIN_S
from appliance.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEvents:
    """What a line reports. None of them may raise."""

    opened: Callable[[], None]
    """The channel is open, and the pings have begun."""
    heard: Callable[[str | bytes], None]
    packet: Receive
    ended: Callable[[], None]
    """It has ended, or never came about. May come more than once."""
    signs: Tell
    lossy: Callable[[], None]
    """A packet was lost, on either way, or probably was."""
    pings_late: Callable[[], None]


DEAF_PINGS = 2
"""So many pings in a row without an acknowledgement mean that nothing arrives at the other end: one is a lost packet.
The next but one would come too late for its patience, which is 3 s."""

Spawn = Callable[[str, Callable[[], Coroutine[Any, Any, None]]], asyncio.Task[None] | None]
"""Runs a task of the given name, whose errors are seen to; None: not any more."""


class Line:
    """Order of use: `peer.offer`, `peer.accept`; `cut` when nothing of it is wanted any more; `close` owed."""

    def __init__(self, servers: Sequence[IceServer], events: LineEvents, counters: LinkCounters, spawn: Spawn) -> None:
        self._loop = asyncio.get_running_loop()
        self._events = events
        self._counters = counters
        self._spawn = spawn
        self._signs = SignsOfLife(self._loop, events.signs, self._caught_up)
        self._unanswered = 0  # pings in a row
        self._pinging: asyncio.Task[None] | None = None
        self._pinged_s: Seconds | None = None
        self._taken_in_s: Seconds = float("-inf")
        self._again_s: Seconds = float("-inf")
        self._cut = False
        self.peer = Peer(
            servers,
            PeerEvents(
                opened=self._opened,
                heard=self._heard,
                incoming=Incoming(
                    packet=self._packet, empty=self._empty_packet, other=self._signs.other, lossy=events.lossy
                ),
                ended=self._ended,
            ),
        )

    @property
    def taken_in_s(self) -> Seconds:
        """What was said until then the other end has acknowledged; by the loop's clock."""
        return self._taken_in_s if self.peer.owed() else self._loop.time()

    @property
    def pinged_s(self) -> Seconds:
        """When the last ping was sent, by the loop's clock; long ago, if none was."""
        return self._pinged_s if self._pinged_s is not None else float("-inf")

    def cut(self) -> None:
        """Report nothing and ping no more, without a word to the other end. Idempotent."""
        self._cut = True
        self._signs.end()
        if self._pinging is not None:
            self._pinging.cancel()

    async def close(self) -> None:
        """`cut`, tell the other end, and let go of everything."""
        self.cut()
        await self.peer.close()

    def _opened(self) -> None:
        if self._cut:
            return
        too_late = self._events.pings_late
        self._pinging = self._spawn("pings", lambda: run_pings(self._ping, self._counters, too_late=too_late))
        self._signs.begin()
        self._events.opened()

    def _ping(self, text: str) -> None:
        self._taken_in_s = self.taken_in_s
        before = self._pinged_s is not None  # what was said just now nobody can have answered
        self._unanswered = self._unanswered + 1 if before and not self._caught_up() else 0
        if self._unanswered:
            self._events.lossy()
        if self._unanswered == DEAF_PINGS:
            self._signs.deaf()
        self._pinged_s = self._loop.time()
        self.peer.say(text)

    def _caught_up(self) -> bool:
        """Whether all that was said is acknowledged. If not, it is said again."""
        if not self.peer.owed():
            return True
        now_s = self._loop.time()
        if now_s >= self._again_s:
            self._again_s = now_s + AGAIN_S
            self.peer.again()
        return False

    def _heard(self, text: str | bytes) -> None:
        if not self._cut:
            self._events.heard(text)

    def _packet(self, sequence: int, timestamp: int, payload: bytes) -> None:
        if not self._cut:
            self._signs.sound()
            self._events.packet(sequence, timestamp, payload)

    def _empty_packet(self) -> None:
        self._counters.packets_empty += 1
        self._signs.other()

    def _ended(self) -> None:
        if not self._cut:
            self._events.ended()
