"""Every wait, limit and habit of the session machine as a number, and how long to wait before the next attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from appliance.session.failure import Failure
from appliance.units import Seconds

GROWTH = 1.5
"""Each wait is this much longer than the one before."""
RETRY_AFTER_MAX_S: Seconds = 3600.0
"""A runner may send us away for an hour, not for a year: a typo there must not end a box here."""
SPREAD_S: Seconds = 0.7
"""Boxes behind one switch get their network back together, and dial within this time of each other; a person still
takes it for at once."""
TIME_OUT_WARNING_S: Seconds = 10.0
LOST_SIGN_S: Seconds = 2.0
LAST_WORDS_S: Seconds = 0.8
"""For the words that were said until a hang-up: what is said live needs 0.1 s, and 3 s of a backlog go in this time.
With the 2 s that a bot takes to leave it is within the 3.2 s of a process that must end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The configuration as the machine sees it. Defaults and meanings: config/appliance.toml."""

    start: Literal["start-and-connect", "start-then-connect", "connect"] = "start-and-connect"
    connect_by: Literal["auto", "request"] = "auto"
    keep_always: bool = False
    disconnect_on_bot_disconnect: bool = True
    start_timeout_s: Seconds = 30.0
    offer_timeout_s: Seconds = 15.0
    connect_timeout_s: Seconds = 15.0
    bot_ready_timeout_s: Seconds = 20.0
    leave_timeout_s: Seconds = 3.0
    """For the bot to leave after it was asked to: 2 s is usual (protocol, 5.2)."""
    drain_timeout_s: Seconds = 1.0
    """For the last words of a bot that left: more than the playout buffer can hold."""
    gone_timeout_s: Seconds = 35.0
    """For the transport of a bot that left to end by itself: ICE consent takes 24 to 40 s, 32 in practice."""
    cut_timeout_s: Seconds = 3.0
    """For a way to the runner to come back under a session: a change of access point or a renewed address takes less,
    and a dead link is still told within 5 s."""
    idle_hang_up_s: Seconds = 60.0
    max_session_s: Seconds = 0.0

    toggle: bool = False
    open: bool = False
    """Every session is hands-free."""
    tap_s: Seconds = 0.3
    """A combined button that is released sooner was tapped."""
    release_tail_s: Seconds = 0.3
    release_tail_max_s: Seconds = 1.0
    time_out_s: Seconds = 60.0
    half_duplex: bool = True

    first_wait_s: Seconds = 1.0
    longest_wait_s: Seconds = 30.0
    least_gap_s: Seconds = 1.0
    stable_after_s: Seconds = 30.0
    attempts_max: int = 0

    def wait_s(self, count: int, jitter: float, failure: Failure | None = None) -> Seconds:
        """How long to wait after *count* failures in a row (1 or more); *jitter* is in [0, 1).

        The upper half of the grown wait is left to chance, so that boxes that lost one runner together do not come back
        together. `Retry-After` is a lower bound that the runner sets.
        """
        exponent = min(count - 1, 64)  # 1.5 ** 64 is past any wait, and a float
        grown = min(self.first_wait_s * GROWTH**exponent, self.longest_wait_s)
        asked = failure.retry_after_s if failure and failure.retry_after_s else 0.0
        return max(grown * (0.5 + jitter / 2), min(asked, RETRY_AFTER_MAX_S))
