"""Nothing grows: not over hundreds of sessions, however they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.box import box, settings
from tests.faults.soak import Held, held, slope, soak
from tests.leftovers import settled
from tests.runners import runner
from tests.signals import words

EVERY, LOOKS = 25, 12
WARM = 6
"""150 sessions: what is kept by design is full then. Two caches of addresses (yarl's, urllib's) keep 128 each."""
OBJECTS_PER_SESSION = 0.5
"""One object kept of each session would be one."""
RESIDENT_KB_PER_SESSION = 4.0
"""For what the collector does not see. The allocator by itself moves by a few hundred kB over such a run."""


@pytest.mark.timeout(240)
async def test_hundreds_of_sessions_leave_nothing_behind(tmp_path: Path) -> None:
    async with (
        runner("embedded-process") as there,
        box(settings(there.url, tmp_path, words(0.3), release_tail_ms=0)) as b,
    ):
        looks: list[Held] = []
        for number in range(LOOKS):
            await soak(b, EVERY)
            if looks:
                await settled(looks[0].open)
            looks.append(held((number + 1) * EVERY))
        assert b.status["counters"]["sessions"] >= LOOKS * EVERY / 2, "one in three is cut short before it is one"
    warm = looks[WARM:]
    assert slope([(one.sessions, one.objects) for one in warm]) < OBJECTS_PER_SESSION, looks
    assert slope([(one.sessions, one.resident_kb) for one in warm]) < RESIDENT_KB_PER_SESSION, looks
