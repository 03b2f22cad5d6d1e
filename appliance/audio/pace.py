"""Real time for devices that have no clock of their own: one period after another, by deadlines on the monotonic clock.

It paces as a card does: who is a little late finds the next period waiting, and does not lose the pace; who is later
than the buffer holds has had an xrun, and goes on from now.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from appliance.units import PACKET_MS, Millis, Seconds

BUFFER_MS: Final = 100
"""What an ordinary card's buffer holds."""


class Pacer:
    """Deadlines 20 ms apart. It belongs to the device's thread."""

    def __init__(
        self,
        *,
        buffer_ms: Millis = BUFFER_MS,
        clock: Callable[[], Seconds] = time.monotonic,
        sleep: Callable[[Seconds], None] = time.sleep,
    ) -> None:
        self.xruns = 0
        self._buffer_s = buffer_ms / 1000
        self._clock = clock
        self._sleep = sleep
        self._due_s: Seconds = 0.0

    def start(self, *, first_ms: Millis) -> None:
        """The first period is due *first_ms* from now."""
        self._due_s = self._clock() + first_ms / 1000

    def wait(self) -> int:
        """Return when the next period is due. The number is that of periods lost to an xrun before it, usually 0."""
        now_s = self._clock()
        lost = 0
        if now_s < self._due_s:
            self._sleep(self._due_s - now_s)
        elif now_s - self._due_s > self._buffer_s:
            lost = int((now_s - self._due_s) * 1000 / PACKET_MS)
            self.xruns += 1
        self._due_s += (lost + 1) * PACKET_MS / 1000
        return lost
