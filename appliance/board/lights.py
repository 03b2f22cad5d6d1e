"""The lights: a colour and a pattern become brightness on lamps, for as long as they are shown.

Theory of operation: `show` lights at once. What moves is looked at again when its pattern says so, 25 times a second at
most, by one timer of the event loop; what is steady has no timer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from appliance.board.patterns import PATTERNS
from appliance.board.port import Loop, Timer
from appliance.units import Seconds

Rgb = tuple[float, float, float]

COLOURS: Mapping[str, Rgb] = {
    "none": (0.0, 0.0, 0.0),
    "white": (1.0, 0.8, 0.7),  # a green or blue LED is brighter than a red one at the same current
    "red": (1.0, 0.0, 0.0),
    "amber": (1.0, 0.3, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
}


class Lamp(Protocol):
    """One thing that shines. Event loop only; must not block."""

    def light(self, colour: Rgb, brightness: float) -> None:
        """Shine in *colour*, or in the only one there is, at *brightness*, both from 0 to 1."""
        ...

    def close(self) -> None:
        """Go dark and let go of the pins."""
        ...


class Lights:
    """All lamps of a board; each shows the same. Event loop only. `close` is owed."""

    def __init__(self, lamps: Sequence[Lamp], loop: Loop) -> None:
        self._lamps = tuple(lamps)
        self._loop = loop
        self._look: tuple[str, str] | None = None
        self._began_s: Seconds = 0.0
        self._timer: Timer | None = None

    def show(self, colour: str, pattern: str) -> None:
        """Raises `KeyError` for a word that is none: a bug of the table they come from."""
        if (colour, pattern) == self._look:
            return  # a breath is not begun again because somebody repeats himself
        colours, patterns = COLOURS[colour], PATTERNS[pattern]
        self._look, self._began_s = (colour, pattern), self._loop.time()
        self._stop()
        self._light(colours, patterns.brightness(0.0))
        self._arm()

    def close(self) -> None:
        self._stop()
        for lamp in self._lamps:
            lamp.close()
        self._lamps = ()

    def _evaluate(self) -> None:
        if self._look is not None:
            colour, pattern = self._look
            self._light(COLOURS[colour], PATTERNS[pattern].brightness(self._loop.time() - self._began_s))
            self._arm()

    def _arm(self) -> None:
        if self._look is None or not self._lamps:
            return
        at_s = self._loop.time() - self._began_s
        next_s = PATTERNS[self._look[1]].next_s(at_s)
        if next_s is not None:
            self._timer = self._loop.call_later(next_s - at_s, self._evaluate)

    def _light(self, colour: Rgb, brightness: float) -> None:
        for lamp in self._lamps:
            lamp.light(colour, brightness)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
