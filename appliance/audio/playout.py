"""The playout buffer: encoded packets in as they come, one decision out each time more sound is needed. Pure.

Theory of operation. Packets wait in order. Playing starts when `TARGET_MS` of them wait (or the first has waited that
long), so that any packet may come that much later than the one before it. While it plays:

- the next packet is there: play it;
- it is missing, but later ones wait: it is lost; conceal it, and after `CONCEAL_MS` go on with the first that waits;
- nothing waits: conceal for `CONCEAL_MS`, then stay silent until a target's worth is there again. Nothing is skipped,
  so words that come late are played late: the delay grows instead, up to `CEILING_MS`; over it the oldest go.

It knows packets, not samples: who decodes them keeps `packet_ms` right. Not thread-safe. It does not decode, adapt its
target, repair a packet from the next one, or follow the other side's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from appliance.audio.arrivals import WIRE_HZ, Arrivals, PlayoutCounters
from appliance.audio.gaps import Gaps
from appliance.units import PACKET_MS, Hertz, Millis, Seconds

TARGET_MS: Final = 60
"""Three packets: a scheduler's hiccup on either side, and a Wi-Fi retry, pass unheard."""
CONCEAL_MS: Final = 100
"""After it libopus has no more to offer than noise."""
CEILING_MS: Final = 400
"""With more delay than this people begin to talk across each other."""


@dataclass(frozen=True, slots=True)
class Play:
    """Decode *payload* and play it."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Conceal:
    """Play a guess, as long as one packet."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Play silence for a period."""


Decision = Play | Conceal | Wait

CONCEAL: Final = Conceal()
WAIT: Final = Wait()


class Playout:
    """The packets of one session."""

    def __init__(self, *, clock_hz: Hertz = WIRE_HZ) -> None:
        self.packet_ms: Millis = PACKET_MS
        """Length of a packet, as decoded."""
        self._counters = PlayoutCounters()
        self._arrivals = Arrivals(self._counters, clock_hz=clock_hz)
        self._gaps = Gaps(self._counters)
        self._waiting: dict[int, bytes] = {}
        self._next: int | None = None  # None: nothing has been played, so nothing is too late
        self._filling = True
        self._filling_ms: Millis = 0.0
        self._missing_ms: Millis = 0.0
        self._draining = False

    def push(self, sequence: int, timestamp: int, payload: bytes, now_s: Seconds) -> None:
        """Take a packet as it came from the wire at *now_s*, on any monotonic clock."""
        number = self._arrivals.take(sequence, timestamp, now_s)
        if number is None:
            return
        if self._next is not None and number < self._next:
            self._counters.late += 1
            return
        self._gaps.arrive(now_s, awaited=number == self._next, packet_ms=self.packet_ms)
        self._waiting[number] = payload
        if self.waiting_ms > CEILING_MS:
            self._keep_target()

    def pull(self) -> Decision:
        """What to play next; to be asked when all sound so far is used up."""
        if self._filling:
            if not self._filled():
                return WAIT
            self._filling = False
            self._next = min(self._waiting)
        assert self._next is not None
        payload = self._waiting.pop(self._next, None)
        if payload is None:
            return self._missing(self._next)
        self._missing_ms = 0.0
        self._next += 1
        return Play(payload)

    def flush(self) -> None:
        """Forget what waits. What was sent before and comes yet is late; playing starts anew."""
        self._waiting.clear()
        self._next = self._arrivals.highest + 1
        self._refill()

    def drain(self) -> None:
        """Nothing more will come: play what waits, without waiting for more."""
        self._draining = True

    @property
    def waiting_ms(self) -> Millis:
        """How much sound waits to be played; after a `push` never over `CEILING_MS`."""
        return len(self._waiting) * self.packet_ms

    @property
    def counters(self) -> PlayoutCounters:
        """A copy."""
        return replace(self._counters)

    def count_malformed(self) -> None:
        """The payload played last was no sound."""
        self._counters.malformed += 1

    def _filled(self) -> bool:
        if not self._waiting:
            return False
        if self._draining or self.waiting_ms >= TARGET_MS or self._filling_ms >= TARGET_MS:
            return True
        self._filling_ms += PACKET_MS
        return False

    def _refill(self) -> None:
        self._filling = True
        self._filling_ms = self._missing_ms = 0.0

    def _missing(self, number: int) -> Decision:
        """Packet *number* should be played now, and is not there."""
        if not self._waiting and self._draining:
            return WAIT
        if self._missing_ms >= CONCEAL_MS:
            self._refill()
            if self._waiting:
                self._filling, self._next = False, min(self._waiting)
                return self.pull()
            return WAIT
        if self._missing_ms == 0:
            self._gaps.begin(others_wait=bool(self._waiting))
        self._counters.concealed += 1
        self._missing_ms += self.packet_ms
        if self._waiting:
            self._next = number + 1
        return CONCEAL

    def _keep_target(self) -> None:
        """Drop the oldest, so that only a target's worth waits."""
        numbers = sorted(self._waiting)
        keep = max(1, round(TARGET_MS / self.packet_ms))
        for number in numbers[:-keep]:
            del self._waiting[number]
        self._counters.dropped += len(numbers) - keep
        if self._next is not None:
            self._next = numbers[-keep]
