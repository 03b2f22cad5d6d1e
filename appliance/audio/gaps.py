"""Why something was missing in the bot's sound: held up or lost on the way, or never sent. Pure.

Theory of operation: when later packets are here already, the missing one was lost or overtaken, which is the network's
doing. When nothing is here, what comes next tells: a number that is not the awaited one, or two packets closer together
than anybody speaks, have been on the way together; packets at their usual distance have only just been sent. A gap that
nothing follows is the bot's. A bot's machine that stalls and then catches up looks like a network that does.
"""

from __future__ import annotations

from appliance.audio.arrivals import PlayoutCounters
from appliance.units import Millis, Seconds


class Gaps:
    """Keeps `gaps` and `gaps_network` of one session."""

    def __init__(self, counters: PlayoutCounters) -> None:
        self._counters = counters
        self._asking = False
        self._first_s: Seconds | None = None  # when the first packet behind the gap came

    def begin(self, *, others_wait: bool) -> None:
        """A packet is missing that should be played now."""
        self._counters.gaps += 1
        self._counters.gaps_network += others_wait
        self._asking, self._first_s = not others_wait, None

    def arrive(self, now_s: Seconds, *, awaited: bool, packet_ms: Millis) -> None:
        """A packet came; *awaited*: it is the one that should be played next."""
        if not self._asking:
            return
        if self._first_s is None and awaited:
            self._first_s = now_s
            return
        together = self._first_s is not None and now_s - self._first_s < packet_ms / 2000
        self._counters.gaps_network += self._first_s is None or together
        self._asking = False
