"""What many boxes do to one runner that goes away and comes back."""

from __future__ import annotations

import pytest

from appliance.session.policy import Policy
from tests.faults.storm import storm

BOXES, AWAY_S, BACK_S, MOST = 200, 60.0, 45.0, 20


@pytest.mark.timeout(180)
async def test_two_hundred_boxes_come_back_without_a_storm() -> None:
    found = await storm(boxes=BOXES, away_s=AWAY_S, limit_s=BACK_S, policy=Policy(keep_always=True), seed=1)
    assert len(found.ready_s) == BOXES, f"back within {BACK_S} s"
    assert len(found.dials_s) == BOXES, "a runner that is back is dialled once by each"
    assert found.most_in_a_second <= MOST
