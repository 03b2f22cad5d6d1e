"""Packets from the capture thread to the wire: the one place where the two meet.

Wakes are what costs, so packets leave on the thread that brings them, wherever the wire `is_free`. Where it is not, or
something has to be known first that the loop knows, they wait, and the loop is woken at most once a call and sends all
that waits in one go; what comes meanwhile waits behind them. Nothing is paced here: whoever sends faster than real time
means it. Copies against losses are added on the way (`copies`).

A message and the words behind it travel apart, and a message that is lost comes again a second later: words of a turn
would be there before the `start` that they belong to. So after `hold` words wait until it has been taken in, which on
a good network it is before there are any, and it is said again soon if it is not. The first words after a silence go
by the loop for this reason: if a `start` is being said just now, it is before them.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from appliance.session.media import Care
from appliance.transport.copies import JUMP, Copies, Losses
from appliance.transport.counters import LinkCounters
from appliance.transport.wire import Sign, Wire
from appliance.units import PACKET_MS, Seconds

CAPACITY_PACKETS = 15_000 // PACKET_MS
"""15 s: longer than the longest backlog, so only a loop that stands still loses anything. The oldest go."""
PAYLOAD_BYTES_MAX = 1150
"""With headers and SRTP still under every usual MTU. 20 ms of Opus at its highest rate have 1275, at ours 60."""
SIGN_S: Final = 0.5
"""For a sign that the last packets have come, before it is done without: longer than a runner under load stands still,
and shorter than the second after which a lost question is asked again."""
AGAIN_S: Final = 0.15
"""Until a message that words wait for is said again: longer than an answer takes from the other side of the world."""
HOLD_S: Final = 2.0
"""For a message to be taken in, before words go without: with `AGAIN_S` it has been said a dozen times."""
LOOK_EVERY: Final = 25
"""Packets between two looks at the other end's reports, which come every 0.5 to 1.5 s."""


@dataclass(slots=True)
class _Hold:
    """Packets wait until *until_s* at most; what they wait for is said again at *again_s*."""

    until_s: Seconds
    again_s: Seconds


class UpLink:
    """One session's way out. Made closed; `open` once for each line, `close` once or more, both on the loop.

    *copies*: at most so many of each packet. *jumps*: skip numbers where the other end may forget what it holds.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, counters: LinkCounters, *, copies: int = 0, jumps: bool = False
    ) -> None:
        self._loop = loop
        self._counters = counters
        self._lock = threading.Lock()  # over all that follows, which `waiting` only looks at; held for a batch at most
        self._waiting: deque[tuple[bytes, Care]] = deque(maxlen=CAPACITY_PACKETS)
        self._wire: Wire | None = None
        self._sign: Sign | None = None
        self._asked_s = -math.inf
        self._to_ask = False  # the sign, on the loop
        self._woken = False  # the loop, and has not come yet
        self._hold: _Hold | None = None
        self._parted = False
        self._copies = Copies(copies)
        self._losses = Losses()
        self._jumps = jumps
        self._skipped = 0  # numbers
        self._unlooked = 0  # packets since the last look at the reports

    def open(self, wire: Wire, sign: Sign) -> None:
        """From now on packets are sent by *wire*, which is ours to close, and *sign* tells when they have come. Nothing
        is known to either of packets before."""
        with self._lock:
            self._let_go()
            self._wire, self._sign = wire, sign
            self._copies.forget()
            self._losses, self._skipped = Losses(), 0

    def hold(self) -> None:
        """What waits, and what is sent from now on, goes when all that has been said so far is acknowledged. After
        `part` and `open`: the new line is there. Loop only."""
        with self._lock:
            if self._sign is None:
                return
            now_s = self._loop.time()
            self._hold, self._parted = _Hold(until_s=now_s + HOLD_S, again_s=now_s + AGAIN_S), False
            if self._waiting and not self._woken:
                self._woken = True
                self._loop.call_soon(self._flush)

    def part(self) -> None:
        """The line is gone, and `open` will bring another to the same bot: what waits is kept. Loop only."""
        with self._lock:
            self._let_go()
            self._parted = True

    def close(self) -> None:
        """From now on packets are dropped, those that wait included."""
        with self._lock:
            self._let_go()
            self._parted = False
            self._drain()

    def waiting(self) -> bool:
        """See `MediaLink.waiting`."""
        sign = self._sign
        asked = self._loop.time() < self._asked_s + SIGN_S
        return bool(self._waiting) or (sign is not None and asked and (self._to_ask or sign.owed()))

    def lossy(self) -> None:
        """There was a sign that packets get lost, on either way. Loop only."""
        with self._lock:
            self._copies.lost()

    def send(self, packets: Sequence[bytes], care: Care) -> None:
        """Send *packets* of 20 ms, oldest first. Any thread; never blocks, never raises."""
        with self._lock:
            self._queue(packets, care)
            for_loop = self._go(care)
        if for_loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(for_loop)
        except RuntimeError:
            self._waiting.clear()  # the loop is closed: the process ends

    def _go(self, care: Care) -> Callable[[], None] | None:
        """Send what waits, if this thread may. Returns what is left for the loop to do."""
        if self._woken:
            return None  # the loop has not come round since the last call, and will find these too
        if care is not Care.FRESH and self._hold is None and self._wire is not None and self._wire.is_free:
            self._drain()
            return self._attend if self._to_ask or self._unlooked >= LOOK_EVERY else None
        self._woken = True
        return self._flush

    def _queue(self, packets: Sequence[bytes], care: Care) -> None:
        over = len(self._waiting) + len(packets) - CAPACITY_PACKETS
        if over > 0:
            self._counters.packets_unsent += over  # the loop stands still
        for packet in packets:
            self._waiting.append((packet, care))
            care = Care.SAFE if care is Care.FRESH else care  # it is the first that begins anew

    def _flush(self) -> None:
        """What waits, on the loop."""
        with self._lock:
            self._woken = False
            if self._parted:
                return
            if self._waiting and self._held():
                self._woken = True
                self._loop.call_later(PACKET_MS / 1000, self._flush)
                return
            if self._wire is not None:
                self._wire.set_free()  # first: ICE may have chosen another way
            self._drain()
        self._attend()

    def _drain(self) -> None:
        """Send all that waits."""
        waiting, wire, counters = self._waiting, self._wire, self._counters
        sent, last = counters.packets_sent, False
        while waiting:
            payload, care = waiting.popleft()
            if wire is not None and 0 < len(payload) <= PAYLOAD_BYTES_MAX and self._write(wire, payload, care):
                counters.packets_sent += 1
                counters.bytes_sent += len(payload)
                last = last or care is Care.LAST
            else:
                counters.packets_unsent += 1
        if last:
            self._to_ask, self._asked_s = True, self._loop.time()
        if wire is not None and counters.packets_sent > sent:
            wire.report()
            self._unlooked += counters.packets_sent - sent

    def _attend(self) -> None:
        """What is due behind packets and is the loop's: to ask for a sign, to look at the reports."""
        with self._lock:
            if self._to_ask and self._sign is not None:
                self._sign.ask()
            self._to_ask = False
            if self._unlooked >= LOOK_EVERY and self._wire is not None:
                self._look(self._wire)

    def _let_go(self) -> None:
        """Of the line."""
        if self._wire is not None:
            self._wire.close()
        self._wire = self._sign = self._hold = None
        self._to_ask = False

    def _held(self) -> bool:
        """Whether packets have to wait for a message that is on its way."""
        hold, sign = self._hold, self._sign
        if hold is None:
            return False
        now_s = self._loop.time()
        if sign is None or not sign.owed() or now_s >= hold.until_s:
            self._hold = None
            return False
        if now_s >= hold.again_s:
            hold.again_s = now_s + AGAIN_S
            sign.again()
        return True

    def _write(self, wire: Wire, payload: bytes, care: Care) -> bool:
        """Send a packet behind the copies that are due. False: the connection cannot."""
        copies = self._copies
        if care in (Care.LOOSE, Care.FRESH):
            copies.forget()
        if care is Care.FRESH and self._jumps:
            wire.skip(JUMP)
            self._skipped += JUMP
        due = copies.due()
        datagram = wire.write(payload, due)
        if not datagram:
            return False
        self._counters.copies_sent += len(due)
        self._counters.copies_bytes += sum(map(len, due))
        if care is not Care.LOOSE:
            copies.sent(datagram)
        return True

    def _look(self, wire: Wire) -> None:
        self._unlooked = 0
        if missed := self._losses.report(wire.missed(), self._skipped):
            self._copies.lost()
            self._counters.packets_missed += missed  # a resumed session's reports begin anew
