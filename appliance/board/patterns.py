"""What a light does over time. Pure: seconds since it began in, brightness out.

    solid         ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
    dim           --------------------------------
    blink         ~~~~~_____~~~~~_____~~~~~_____~~     0.5 s on, 0.5 s off
    double blink  ~~_~~__________~~_~~__________~~     0.15 s on, off, on; 1.6 s in all
    breathing     ~~--__________--~~~--__________-     3 s, from full to nearly nothing and back

Each begins lit, so that a new one is seen at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from appliance.units import Seconds

FRAME_S: Seconds = 0.040
"""Between two evaluations of a light that fades: 25 a second look smooth."""
DIM = 0.15
LEAST_BREATH = 0.02
"""Never quite dark: a light that is off means that there is nothing to do."""
BREATH_S: Seconds = 3.0


class Pattern(Protocol):
    """Times are seconds since the pattern began, 0 or more."""

    def brightness(self, at_s: Seconds) -> float:
        """From 0, dark, to 1, as bright as the light can be: a duty cycle, not what an eye makes of it."""
        ...

    def next_s(self, at_s: Seconds) -> Seconds | None:
        """When after *at_s* it has to be looked at again; None: it is steady, never."""
        ...


@dataclass(frozen=True, slots=True)
class Steady:
    level: float

    def brightness(self, at_s: Seconds) -> float:
        return self.level

    def next_s(self, at_s: Seconds) -> Seconds | None:
        return None


@dataclass(frozen=True, slots=True)
class Blink:
    """On, off, on, off ... for each of *spans_s*, and from the beginning again. An even number of spans."""

    spans_s: tuple[Seconds, ...]

    def brightness(self, at_s: Seconds) -> float:
        return 1.0 if self._span(at_s)[0] % 2 == 0 else 0.0

    def next_s(self, at_s: Seconds) -> Seconds | None:
        return at_s + self._span(at_s)[1] + 1e-6  # a timer may fire a rounding error early, and must find the next span

    def _span(self, at_s: Seconds) -> tuple[int, Seconds]:
        """The number of the span at *at_s*, and what is left of it."""
        left_s = at_s % sum(self.spans_s)
        for number, span_s in enumerate(self.spans_s):
            if left_s < span_s:
                return number, span_s - left_s
            left_s -= span_s
        return 0, self.spans_s[0]  # the sum, rounded, is a little more than its parts


@dataclass(frozen=True, slots=True)
class Breathing:
    def brightness(self, at_s: Seconds) -> float:
        """A raised cosine, squared: an eye sees the roots of light."""
        depth = (1 + math.cos(2 * math.pi * at_s / BREATH_S)) / 2
        return LEAST_BREATH + (1 - LEAST_BREATH) * depth**2

    def next_s(self, at_s: Seconds) -> Seconds | None:
        return at_s + FRAME_S


PATTERNS: Mapping[str, Pattern] = {
    "off": Steady(0.0),
    "solid": Steady(1.0),
    "dim": Steady(DIM),
    "blink": Blink((0.5, 0.5)),
    "double blink": Blink((0.15, 0.15, 0.15, 1.15)),
    "breathing": Breathing(),
}
