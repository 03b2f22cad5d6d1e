"""How long to wait before the next attempt.

Theory of operation. Most outages are short: a runner that restarts, a radio that changes its channel. So at first the
waits of a runner that cannot be reached stay short (`EAGER_WAIT_S`), and who comes back within `EAGER_S` is met soon.
Every other failure, and a longer outage, is somebody's whose return is not helped by asking: there the waits grow to
the longest. Boxes that lost one runner together would go on together; so the first of the longest waits is of any
length, which strews them over all of it, and those that follow differ little, which keeps them strewn: 200 boxes then
come back at 7 a second, by chance 20 at the most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.session.failure import Failure, Kind
from appliance.session.policy import Policy
from appliance.units import Seconds

GROWTH: Final = 1.5
"""Each wait is this much longer than the one before."""
EAGER_S: Final[Seconds] = 15.0
"""Of an outage: a bot's runner needs 5 to 15 s to start anew."""
EAGER_WAIT_S: Final[Seconds] = 3.0
"""Longest wait in that time; a person takes it for patience, and a refused dial costs 5 ms of a small board."""
STEADY: Final = 0.9
"""The least part of the longest wait, once boxes are strewn."""
RETRY_AFTER_MAX_S: Final[Seconds] = 3600.0
"""A runner may send us away for an hour, not for a year: a typo there must not end a box here."""

_AWAY = frozenset({Kind.UNREACHABLE, Kind.NETWORK, Kind.CLOCK, Kind.TIMEOUT, Kind.LINK})
"""Where it costs nobody anything to ask: no bot is made by it."""


@dataclass(frozen=True, slots=True)
class Wait:
    wait_s: Seconds
    strewn: bool
    """It is one of the longest: so are those behind it."""


def wait(policy: Policy, failure: Failure, *, count: int, outage_s: Seconds, strewn: bool, jitter: float) -> Wait:
    """The wait behind *failure*, the *count*-th in a row (1 or more), *outage_s* after the first of them.

    *strewn* as the wait before it said; *jitter* is in [0, 1).
    """
    first_s, longest_s = policy.first_wait_s, policy.longest_wait_s
    grown_s = min(first_s * GROWTH ** min(count - 1, 64), longest_s)  # 1.5 ** 64 is past any wait, and a float
    if failure.kind in _AWAY:
        eager_s = min(grown_s, max(EAGER_WAIT_S, first_s))
        grown_s = eager_s if outage_s < EAGER_S else longest_s
    if grown_s < longest_s:
        found = Wait(grown_s * (0.5 + jitter / 2), strewn=False)
    elif strewn:
        found = Wait(longest_s * (STEADY + (1 - STEADY) * jitter), strewn=True)
    else:
        found = Wait(first_s + (longest_s - first_s) * jitter, strewn=True)
    asked_s = min(failure.retry_after_s or 0.0, RETRY_AFTER_MAX_S)
    return Wait(max(found.wait_s, asked_s), found.strewn)
