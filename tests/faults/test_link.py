"""What a person lives through when the runner or the network fails: once each, on real parts."""

from __future__ import annotations

import pytest

from tests.faults.link import CASES, Case, scene

NOTICED_S = 5.0
SLOW = 2.0
"""A machine that runs other tests beside this one may take so many times as long as is promised; the promises
themselves are measured by `scripts/bench recovery`."""


@pytest.mark.runner
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_link_heals(case: Case) -> None:
    async with scene(case.bot) as s:
        lived = await case.fault(s)
        recovery = s.box.status["recovery"]
    assert lived.noticed_s is not None or not case.noticed
    assert lived.noticed_s is None or lived.noticed_s < NOTICED_S * SLOW
    assert lived.back_s is not None and lived.back_s < case.back_s * SLOW
    assert lived.same_bot or not case.same_bot
    assert lived.reason or lived.noticed_s is None, "what was noticed has a reason"
    assert recovery["phase"] == "none" and recovery["reason"] is None, "and it is over"
