"""Sequence numbers, losses and jitter of one stream of packets, as RFC 3550 counts them. Pure, and it holds no packet.

Numbers go on for ever here: 16-bit sequence numbers are unwrapped, and a stream that starts over somewhere else goes on
behind the one before, so that order is a matter of `<`. Nothing but a fresh packet is ever numbered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.units import Hertz, Millis, Seconds

WIRE_HZ: Final = 48_000
"""The clock of Opus timestamps, whatever is inside (RFC 7587, 4.1)."""

_MISORDER_MAX: Final = 100  # packets; this and the next as in RFC 3550, appendix A.1
_DROPOUT_MAX: Final = 3000
_SEEN_MASK: Final = (1 << _MISORDER_MAX + 1) - 1
_PAUSE_S: Final = 1.0  # a longer difference is a pause, or another clock, and not jitter


@dataclass(slots=True)
class PlayoutCounters:
    """What became of the packets of one session, counted by us."""

    received: int = 0
    """Different packets that came, in time or not."""
    lost: int = 0
    """Expected by their sequence numbers and not here, or not yet (RFC 3550, A.3)."""
    late: int = 0
    """Came after their turn, or out of all order; not played."""
    duplicate: int = 0
    dropped: int = 0
    """Thrown away over the ceiling of the playout buffer."""
    malformed: int = 0
    """Taken for play, and no sound."""
    concealed: int = 0
    """Packets' worth of guesses played."""
    recovered: int = 0
    """Lost, and played from the copy that the next packet carried."""
    shortened_ms: Millis = 0.0
    """Sound left out, and put in, to come back to the target: silence, and repetitions within a voice."""
    lengthened_ms: Millis = 0.0
    target_ms: Millis = 0.0
    """How long a packet that comes in time should wait now."""
    delay_ms: Millis = 0.0
    """How long the last one played has waited, or would have, had it come in time."""
    gaps: int = 0
    """Stretches in which something was missing, as a listener would count them; a stream that pauses is one, too."""
    gaps_network: int = 0
    """Of those, the ones whose sound was under way: lost, overtaken or late. In the others nothing had been sent."""
    jitter_ms: Millis = 0.0
    """Of arrival (RFC 3550, 6.4.1)."""


class Arrivals:
    """Numbers the packets of one session, and keeps `received`, `lost`, `duplicate`, `late` and `jitter_ms`."""

    def __init__(self, counters: PlayoutCounters, *, clock_hz: Hertz = WIRE_HZ) -> None:
        self._counters = counters
        self._clock_hz = clock_hz
        self._shift: int | None = None  # number = sequence + shift, modulo 2 ** 16
        self._suspect: int | None = None
        self._seen = 0  # bit n: the packet n before the highest came
        self._lowest = 0
        self._floor = -1  # numbers up to it belong to the stream before
        self._previous: tuple[int, Seconds] | None = None
        self.highest = -1
        """Number of the newest packet; -1 before the first."""

    def take(self, sequence: int, timestamp: int, now_s: Seconds) -> int | None:
        """The number of the packet that came at *now_s*, greater for later sound; None: it must not be played."""
        if self._shift is None:
            self._shift = _MISORDER_MAX - sequence  # so that earlier ones that come later are not negative
            self._lowest = _MISORDER_MAX
            self.highest = _MISORDER_MAX - 1
        step = ((sequence + self._shift - self.highest + 0x8000) & 0xFFFF) - 0x8000
        if not -_MISORDER_MAX < step < _DROPOUT_MAX:
            if sequence != self._suspect:  # one stray packet is no new stream; two in sequence are
                self._suspect = (sequence + 1) & 0xFFFF
                self._counters.late += 1
                return None
            self._shift, step = self.highest + 1 - sequence, 1
            self._floor = self.highest
        self._suspect = None
        if self.highest + step <= self._floor:
            self._counters.late += 1
            return None
        return self._count(self.highest + step, timestamp, now_s)

    def _count(self, number: int, timestamp: int, now_s: Seconds) -> int | None:
        ahead = number - self.highest
        if ahead > 0:
            self._seen = (self._seen << min(ahead, _MISORDER_MAX + 1) | 1) & _SEEN_MASK
            self.highest = number
        elif self._seen >> -ahead & 1:
            self._counters.duplicate += 1
            return None
        else:
            self._seen |= 1 << -ahead
        self._lowest = min(self._lowest, number)
        self._counters.received += 1
        self._counters.lost = self.highest - self._lowest + 1 - self._counters.received
        self._measure(timestamp, now_s)
        return number

    def _measure(self, timestamp: int, now_s: Seconds) -> None:
        previous, self._previous = self._previous, (timestamp, now_s)
        if previous is None:
            return
        ticks = ((timestamp - previous[0] + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        difference_s = abs(now_s - previous[1] - ticks / self._clock_hz)
        if difference_s < _PAUSE_S:
            self._counters.jitter_ms += (difference_s * 1000 - self._counters.jitter_ms) / 16
