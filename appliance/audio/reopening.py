"""When to look again at a sound device that failed: soon at first, then less often, never less than every few seconds.

Pure. A look at a card that is missing costs a few file operations, so nothing has to tell that one was plugged in: to
ask is cheaper than to listen, and also finds the card that is there and was busy, or stood still.
"""

from __future__ import annotations

from typing import Final

from appliance.units import Seconds

FIRST_WAIT_S: Final[Seconds] = 0.2
"""A USB card that resets itself is back within half a second."""
GROWTH: Final = 1.5
LONGEST_WAIT_S: Final[Seconds] = 3.0
"""A person who has plugged it in again looks at the light, and thinks it broken after not much more."""
STEADY_S: Final[Seconds] = 5.0
"""A device that failed sooner after its opening has not come back: the waits go on growing."""


class Reopening:
    """The waits of one device. Times are of one monotonic clock."""

    def __init__(self) -> None:
        self.due_s: Seconds | None = None
        """When to look again; None: it is well, as far as is known."""
        self._wait_s: Seconds = FIRST_WAIT_S
        self._opened_s: Seconds | None = None

    def failed(self, now_s: Seconds) -> None:
        """It could not be opened, or has stopped."""
        if self._opened_s is not None and now_s - self._opened_s >= STEADY_S:
            self._wait_s = FIRST_WAIT_S
        self._opened_s = None
        self.due_s = now_s + self._wait_s
        self._wait_s = min(self._wait_s * GROWTH, LONGEST_WAIT_S)

    def opened(self, now_s: Seconds) -> None:
        """It is open, which does not yet mean that it works."""
        self._opened_s, self.due_s = now_s, None

    def found(self) -> None:
        """It is there, and nobody wants it open."""
        self.due_s = None
