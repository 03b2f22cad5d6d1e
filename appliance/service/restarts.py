"""What follows a crash: how long to wait before the restart, and when restarting is no use any more. Pure.

One count for all parts of the process: parts that bring each other down are not well because each is down in its turn.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from appliance.units import Seconds

WINDOW_S: Final[Seconds] = 300.0
CRASHES_MAX: Final = 5
"""In a window. The waits before them add up to 7.5 s: one more, and the fault is not one that passes."""
SECOND_WAIT_S: Final[Seconds] = 0.5
GROWTH: Final = 2.0


class Restarts:
    """Times are of one monotonic clock."""

    def __init__(self) -> None:
        self._crashes: deque[Seconds] = deque(maxlen=CRASHES_MAX + 1)

    def crashed(self, now_s: Seconds) -> Seconds | None:
        """How long to wait before the restart: not at all the first time. None: there were too many."""
        while self._crashes and now_s - self._crashes[0] >= WINDOW_S:
            self._crashes.popleft()
        self._crashes.append(now_s)
        count = len(self._crashes)
        if count > CRASHES_MAX:
            return None
        return 0.0 if count == 1 else SECOND_WAIT_S * GROWTH ** (count - 2)
