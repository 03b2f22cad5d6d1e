"""When a part that crashed is restarted, and when no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.service.restarts import CRASHES_MAX, WINDOW_S, Restarts


def test_at_once_then_later_and_later_then_not_any_more() -> None:
    restarts = Restarts()
    assert [restarts.crashed(1.0) for _ in range(CRASHES_MAX + 2)] == [0.0, 0.5, 1.0, 2.0, 4.0, None, None]


def test_what_is_long_past_does_not_count() -> None:
    restarts = Restarts()
    for number in range(100):
        assert restarts.crashed(number * WINDOW_S) == 0.0
    restarts.crashed(99 * WINDOW_S + 1)
    assert restarts.crashed(100 * WINDOW_S) == 0.5, "the one of a second later still does"


@given(st.lists(st.floats(0.0, 1000.0), max_size=60))
def test_never_more_restarts_in_a_window_than_allowed(gaps_s: list[float]) -> None:
    restarts, now_s, done = Restarts(), 0.0, list[float]()
    for gap_s in gaps_s:
        now_s += gap_s
        if restarts.crashed(now_s) is not None:
            done.append(now_s)
    for first, last in zip(done, done[CRASHES_MAX:], strict=False):
        assert last - first >= WINDOW_S
