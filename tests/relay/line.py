"""What a network does to packets in one direction. Pure: times are arguments, and chance comes from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How a direction is, until it is told otherwise."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """Up to so much more, at random for each packet; order is kept."""
    loss: float = 0.0
    """Share of the packets that are lost, 0 to 1."""
    burst: float = 1.0
    """How many are lost in a row, on average (Gilbert's model); 1: each by its own chance."""
    reorder: float = 0.0
    """Share of the packets that are overtaken by what comes within `reorder_ms` behind them."""
    reorder_ms: float = 30.0
    duplicate: float = 0.0
    """Share of the packets that come twice."""
    rate_kbit_s: float = 0.0
    """What the line carries, UDP's payload counted; 0: anything."""
    queue_ms: float = 1000.0
    """What waits at most for a line of that rate; what comes then is lost."""


CLEAN = Conditions()


@dataclass(slots=True)
class Counts:
    """Packets, since the line was made."""

    came: int = 0
    lost: int = 0
    doubled: int = 0
    overtaken: int = 0


class Line:
    """One direction. `admit` must be called with times that do not go back."""

    def __init__(self, seed: int) -> None:
        self.conditions = CLEAN
        self.counts = Counts()
        self._chance = random.Random(seed)
        self._in_burst = False
        self._free_s = 0.0  # when the line has sent all that waits
        self._last_s = 0.0  # when the last packet in order comes out
        self._dark_until_s = 0.0
        self._stalled_until_s = 0.0
        self._lose_sound = 0

    def blackout(self, until_s: float) -> None:
        """Everything that comes until then is lost."""
        self._dark_until_s = until_s

    def stall(self, until_s: float) -> None:
        """Nothing comes out until then, and then all at once."""
        self._stalled_until_s = until_s

    def lose_sound(self, count: int) -> None:
        """The next *count* packets of sound are lost."""
        self._lose_sound += count

    def admit(self, now_s: float, packet: bytes) -> Sequence[float]:
        """When *packet*, which enters now, comes out: never, once, or twice."""
        self.counts.came += 1
        if self._lost(now_s, packet):
            self.counts.lost += 1
            return ()
        now, chance = self.conditions, self._chance.random
        out_s = max(self._sent_s(now_s, packet) + (now.delay_ms + now.jitter_ms * chance()) / 1000, self._last_s)
        if out_s < self._stalled_until_s:
            out_s = self._stalled_until_s
        if chance() < now.reorder:
            self.counts.overtaken += 1
            return (out_s + now.reorder_ms / 1000,)
        self._last_s = out_s
        if chance() < now.duplicate:
            self.counts.doubled += 1
            return (out_s, out_s)
        return (out_s,)

    def _lost(self, now_s: float, packet: bytes) -> bool:
        if now_s < self._dark_until_s:
            return True
        if self._lose_sound and is_sound(packet):
            self._lose_sound -= 1
            return True
        now = self.conditions
        if now.rate_kbit_s and (self._free_s - now_s) * 1000 > now.queue_ms:
            return True
        return self._unlucky()

    def _unlucky(self) -> bool:
        now = self.conditions
        if now.burst <= 1:
            return self._chance.random() < now.loss
        ends, begins = 1 / now.burst, now.loss / (now.burst * (1 - now.loss))
        self._in_burst = self._chance.random() < (1 - ends if self._in_burst else begins)
        return self._in_burst

    def _sent_s(self, now_s: float, packet: bytes) -> float:
        """When the last bit of *packet* has gone into the line."""
        rate = self.conditions.rate_kbit_s
        self._free_s = max(self._free_s, now_s) + (len(packet) * 8 / (rate * 1000) if rate else 0.0)
        return self._free_s


def is_sound(packet: bytes) -> bool:
    """Whether it is RTP, and not RTCP, STUN or DTLS (RFC 7983; RFC 5761, 4)."""
    return len(packet) > 1 and packet[0] >> 6 == 2 and not 192 <= packet[1] <= 223
