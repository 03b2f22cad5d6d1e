"""Ten thousand days of bad luck: nothing that must hold is ever broken."""

from __future__ import annotations

import pytest

from tests.sim.life import BrokenError, Lived, live
from tests.sim.plans import plan_for
from tests.sim.shrink import breaks, shrunk

DAYS = 10_000
TOGETHER = 250
"""Days that are one test: both cores end at about the same time."""


def told(broken: BrokenError) -> str:
    """What a person needs to see it happen."""
    plan = shrunk(broken.plan, breaks(broken.rule))
    needs = "\n".join(str(what) for what in (*plan.faults, *plan.deeds))
    return f"{broken}\nwhat it needs:\n{needs}\nsee it: .venv/bin/python -m tests.sim {plan.seed}"


@pytest.mark.parametrize("first", range(0, DAYS, TOGETHER))
def test_days(first: int) -> None:
    sessions, failures = 0, 0
    for seed in range(first, first + TOGETHER):
        try:
            lived: Lived = live(plan_for(seed))
        except BrokenError as broken:
            pytest.fail(told(broken), pytrace=False)
        sessions, failures = sessions + lived.sessions, failures + lived.failures
    assert sessions > TOGETHER and failures > TOGETHER, "a world in which nothing happens shows nothing"
