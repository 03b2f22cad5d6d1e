"""When a device that failed is looked at again."""

from __future__ import annotations

from itertools import pairwise

from appliance.audio.reopening import FIRST_WAIT_S, GROWTH, LONGEST_WAIT_S, STEADY_S, Reopening


def waits_of(failures: int, reopening: Reopening) -> list[float]:
    now_s, waits = 100.0, []
    for _ in range(failures):
        reopening.failed(now_s)
        assert reopening.due_s is not None
        waits.append(round(reopening.due_s - now_s, 6))
        now_s = reopening.due_s
    return waits


def test_soon_at_first_then_less_often_and_never_less_than_every_few_seconds() -> None:
    waits = waits_of(20, Reopening())
    assert waits[0] == FIRST_WAIT_S
    assert all(round(a * GROWTH, 6) == b or b == LONGEST_WAIT_S for a, b in pairwise(waits))
    assert waits[-1] == LONGEST_WAIT_S
    assert sum(waits) < 20 * LONGEST_WAIT_S


def test_one_that_is_well_is_left_alone() -> None:
    reopening = Reopening()
    assert reopening.due_s is None
    reopening.failed(1.0)
    reopening.opened(1.2)
    assert reopening.due_s is None
    reopening.failed(1.3)
    reopening.found()
    assert reopening.due_s is None


def test_one_that_opens_and_fails_at_once_does_not_storm() -> None:
    reopening, now_s, openings = Reopening(), 0.0, 0
    while now_s < 60.0:
        reopening.failed(now_s)
        assert reopening.due_s is not None
        now_s = reopening.due_s
        reopening.opened(now_s)
        openings += 1
    assert openings <= 60 / LONGEST_WAIT_S + 7


def test_one_that_worked_for_a_while_is_met_again_soon() -> None:
    reopening = Reopening()
    waits_of(10, reopening)
    reopening.opened(200.0)
    reopening.failed(200.0 + STEADY_S)
    assert reopening.due_s == 200.0 + STEADY_S + FIRST_WAIT_S
