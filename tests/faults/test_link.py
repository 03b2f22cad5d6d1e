"""What a person lives through when the runner or the network fails: once each, on real parts."""

from __future__ import annotations

import pytest

from tests.faults.link import CASES
from tests.faults.scene import Case, scene

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
    assert lived.noticed_s is None or lived.noticed_s < case.noticed_s * SLOW
    assert lived.back_s is not None and lived.back_s < case.back_s * SLOW
    assert lived.same_bot or not case.same_bot
    assert lived.reason or lived.noticed_s is None or not case.wanted, "what was noticed has a reason"
    assert case.talks or not lived.green, "nobody listens to a dead link"
    assert recovery["phase"] == "none" and recovery["reason"] is None, "and it is over"
