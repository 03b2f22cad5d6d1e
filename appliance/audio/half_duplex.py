"""Whether a microphone's period may hold what the speaker plays. Pure.

The playback thread says until when what it plays is heard, the capture thread asks: one number is all they share. It
errs on the side of silence: from the writing of a period on, though it is heard later by the speaker's latency.
"""

from __future__ import annotations

import math

from appliance.units import Millis, Seconds


class HalfDuplex:
    """One for the life of the process. Times are of the one monotonic clock that both roads have."""

    def __init__(self, tail_ms: Millis) -> None:
        self._tail_s = tail_ms / 1000
        self._until_s: Seconds = -math.inf

    def played(self, until_s: Seconds) -> None:
        """An audible period is on its way, and leaves the speaker until *until_s*. Playback thread."""
        self._until_s = until_s + self._tail_s  # a reader sees the old number or the new one

    def suppresses(self, heard_s: Seconds) -> bool:
        """Whether the room still has the speaker's sound at *heard_s*. Capture thread."""
        return heard_s < self._until_s
