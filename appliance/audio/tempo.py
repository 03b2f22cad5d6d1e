"""How the playout comes back to its target: which packet may be played shorter or longer, by how much and how. Pure.

Theory of operation. Within `BAND_MS` of the target nothing is touched. Further off, silence gives or takes, as much as
there is to correct; most of the time somebody pauses soon. If nobody has for `PATIENCE_MS`, speech does so too where it
repeats itself, as vowels do, so that a repetition more or less is not heard, and only from a budget: `GENTLE` of what
is played. When no more time is left than it takes to be back within `RETURN_MS` of the beginning, all sound is
changed wherever that fits best, `HURRY` of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.units import PACKET_MS, Millis

BAND_MS: Final = 10
"""Half of what the arrival of packets can be known to."""
GENTLE: Final = 0.08
"""Of the time: people do not notice a speaker who is so much faster or slower."""
HURRY: Final = 0.25
"""Of the time: heard as haste if one listens for it, and every word is understood."""
PATIENCE_MS: Final = 1000
"""People pause for breath every two seconds or three, and between words more often."""
RETURN_MS: Final = 2400
"""The promise is 3 s; the first of them pass until it is known that there is something to make up for."""
CUT_MOST_MS: Final = 13.4
"""The longest piece that speech gives or takes at once: one period of the deepest voices, 75 Hz."""

ALIKE: Final = 0.9
"""Normalised correlation: a vowel with itself, one period later."""
ANYWHERE: Final = -1.0
SILENCE_ONLY: Final = 2.0


@dataclass(frozen=True, slots=True)
class Change:
    """*by_ms* at most is to be taken out of a packet, or put in where it is negative.

    Sound that is no silence: only where its normalised correlation with itself is *alike* at least.
    """

    by_ms: Millis
    alike: float


class Tempo:
    """Asked for every packet of one session."""

    def __init__(self) -> None:
        self._lasted_ms: Millis = 0.0
        self._budget_ms: Millis = 0.0

    def choose(self, excess_ms: Millis, packet_ms: Millis) -> Change | None:
        """For a packet that is played *excess_ms* later than wanted. None: as it is."""
        if abs(excess_ms) <= BAND_MS:
            self._lasted_ms = self._budget_ms = 0.0
            return None
        self._lasted_ms += packet_ms
        needed_ms = abs(excess_ms) * (1 - HURRY) / HURRY  # what is left out is not played
        must = abs(excess_ms) > PACKET_MS and self._lasted_ms + needed_ms > RETURN_MS
        self._budget_ms = min(2 * CUT_MOST_MS, self._budget_ms + (HURRY if must else GENTLE) * packet_ms)
        if self._budget_ms < CUT_MOST_MS or (not must and self._lasted_ms < PATIENCE_MS):
            return Change(excess_ms, SILENCE_ONLY)
        return Change(excess_ms, ANYWHERE if must else ALIKE)

    def spend(self, by_ms: Millis) -> None:
        """So much has become of the last change, taken out or put in."""
        self._budget_ms = max(0.0, self._budget_ms - abs(by_ms))
