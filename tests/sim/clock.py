"""Virtual time: acts to be done, in the order of their times. Nothing waits."""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush

Act = Callable[[], None]


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0
        self._acts: list[tuple[float, int, Act]] = []
        self._count = 0

    def at(self, time_s: float, act: Act) -> None:
        """Have *act* done at *time_s*, behind what is already to be done then; a time that has passed means now."""
        self._count += 1
        heappush(self._acts, (max(time_s, self.now_s), self._count, act))

    def after(self, delay_s: float, act: Act) -> None:
        self.at(self.now_s + delay_s, act)

    @property
    def next_s(self) -> float:
        """When the next act is due; infinity without one."""
        return self._acts[0][0] if self._acts else math.inf

    def do_next(self) -> None:
        self.now_s, _, act = heappop(self._acts)
        act()

    def __len__(self) -> int:
        return len(self._acts)
