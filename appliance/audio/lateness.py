"""How late packets come, and so how late each should be played: the target of the playout buffer. Pure.

Theory of operation. A packet's place is its number times its length; its lateness, the earliest moment at which it can
be played, less its place; the offset, the moment at which it is played, less its place. All are of the playback's own
clock, the periods that it has begun, so that what counts is what counts for it: whether a packet is there when a period
is filled, be it held up on the way, at the sender, or by a card that takes its periods by twos and threes. Whoever
plays at an offset of at least the lateness of all packets hears each of them.

The highest lateness is kept for each block of `BLOCK_MS`, and the wanted offset lies over the highest of the last
`BLOCKS`, but for `OUTLIERS` of them: a stall now and then is an accident, and no reason to answer late ever after.
What is older than `RECENT` blocks counts by no more than `TRUST_MS` over what came since, so that a delay which is over
is soon made up for; and what comes now counts in any case, for a path may have become longer.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from appliance.units import PACKET_MS, Millis

LEAST_MS: Final = 40
"""What the first of all packets waits at least, on a perfect network: an interpreter that collects its garbage for
15 ms on either side, and a Wi-Fi retry, pass unheard."""
SPARE_MS: Final = PACKET_MS
"""What the latest packet comes too early: as much again as the blocks can tell."""
MOST_MS: Final = 300
"""A network that would need more is broken, and a gap is the better sign of it than an answer that hesitates."""

BLOCK_MS: Final = 200
BLOCKS: Final = 40
"""8 s: as long as people remember a dropout."""
OUTLIERS: Final = 2
"""Blocks that do not count: a stall ends in one, or in two where what was held up comes in pieces."""
RECENT: Final = 5
TRUST_MS: Final = 60


class Lateness:
    """Of the packets of one session, by their numbers."""

    def __init__(self) -> None:
        self.target_ms: Millis = LEAST_MS
        """How long a packet in time should wait: `LEAST_MS` to `MOST_MS`."""
        self.offset_ms: Millis | None = None
        """The wanted offset; None: not known yet, or no longer."""
        self._highest: deque[Millis] = deque(maxlen=BLOCKS)
        self._lowest: deque[Millis] = deque(maxlen=BLOCKS)
        self._unsure = False  # the present block has the interruption in it
        self._block_ms: Millis | None = None  # when it began
        self._high: Millis = 0.0
        self._low: Millis = 0.0

    def arrive(self, playable_ms: Millis, place_ms: Millis) -> None:
        """A packet came that can be played at *playable_ms* and not before."""
        late_ms = playable_ms - place_ms
        if self._block_ms is None:
            self._block_ms, self._high, self._low = playable_ms, late_ms, late_ms
            return
        if playable_ms - self._block_ms >= BLOCK_MS:
            self._close()
            self._block_ms, self._high, self._low = playable_ms, late_ms, late_ms
        elif late_ms > self._high:
            self._high = late_ms
        elif late_ms < self._low:
            self._low = late_ms

    def interrupt(self) -> None:
        """Nothing came for a while: a whole block has to tell whether what follows is as late as what came before."""
        self.offset_ms, self._unsure = None, True

    def restart(self) -> None:
        """Places have moved: what is known of them is worth nothing. The target stays."""
        self.offset_ms = self._block_ms = None
        self._highest.clear()
        self._lowest.clear()

    def _close(self) -> None:
        """A block is over: think again."""
        self._highest.append(self._high)
        self._lowest.append(self._low)
        ranked = sorted(self._highest)
        peak_ms = ranked[max(0, len(ranked) - 1 - OUTLIERS)]
        recent_ms = max(self._highest[-n] for n in range(1, 1 + min(RECENT, len(ranked))))
        late_ms = max(min(peak_ms, recent_ms + TRUST_MS), self._low)
        wanted_ms = max(late_ms + SPARE_MS, min(self._lowest) + LEAST_MS)
        offset_ms = min(wanted_ms, self._low + MOST_MS)
        self.target_ms = max(LEAST_MS, offset_ms - self._low)
        self.offset_ms = None if self._unsure else offset_ms
        self._unsure = False
