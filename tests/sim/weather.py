"""What is wrong with the world just now, and since when nothing is."""

from __future__ import annotations

import math
from collections.abc import Callable

from tests.sim.clock import Clock
from tests.sim.plans import HARMLESS, Fault, Ill


class Weather:
    """*changed* is told of each ill that begins or ends, after it has."""

    def __init__(self, clock: Clock, changed: Callable[[Ill, bool], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._ills = dict.fromkeys(Ill, 0)
        self._harm = 0
        self.healthy_since_s = 0.0
        """Since when a session can be made; infinity while none can."""

    def expect(self, fault: Fault) -> None:
        self._clock.at(fault.at_s, lambda: self._begin(fault))

    def has(self, ill: Ill) -> bool:
        return self._ills[ill] > 0

    def any(self, *ills: Ill) -> bool:
        return any(self._ills[ill] > 0 for ill in ills)

    def _begin(self, fault: Fault) -> None:
        ill = fault.ill
        self._ills[ill] += 1
        if ill not in HARMLESS:
            self._harm += 1
            self.healthy_since_s = math.inf
        self._clock.after(fault.lasts_s, lambda: self._end(ill))
        if self._ills[ill] == 1:
            self._changed(ill, True)

    def _end(self, ill: Ill) -> None:
        self._ills[ill] -= 1
        if ill not in HARMLESS:
            self._harm -= 1
            if not self._harm:
                self.healthy_since_s = self._clock.now_s
        if not self._ills[ill]:
            self._changed(ill, False)
