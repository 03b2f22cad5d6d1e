"""What a light does over time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.board.patterns import DIM, FRAME_S, PATTERNS
from appliance.session.indicator import LOOKS

TIMES_S = st.floats(0, 1e6)
STEADY = {"off": 0.0, "solid": 1.0, "dim": DIM}
MOVING = sorted(PATTERNS.keys() - STEADY.keys())
PERIODS_S = {"blink": 1.0, "double blink": 1.6, "breathing": 3.0}


def test_every_look_has_its_pattern() -> None:
    assert {look.pattern for look in LOOKS.values()} <= PATTERNS.keys()


@given(st.sampled_from(sorted(PATTERNS)), TIMES_S)
def test_brightness_is_from_dark_to_full(name: str, at_s: float) -> None:
    assert 0.0 <= PATTERNS[name].brightness(at_s) <= 1.0


@given(TIMES_S)
def test_what_is_steady_says_so(at_s: float) -> None:
    for name, level in STEADY.items():
        assert PATTERNS[name].brightness(at_s) == level
        assert PATTERNS[name].next_s(at_s) is None


@pytest.mark.parametrize("name", MOVING)
@given(at_s=st.floats(0, 1000))
def test_what_moves_is_looked_at_again_and_not_too_often(name: str, at_s: float) -> None:
    next_s = PATTERNS[name].next_s(at_s)
    assert next_s is not None and at_s < next_s <= at_s + PERIODS_S[name]
    after_s = PATTERNS[name].next_s(next_s)
    assert after_s is not None and after_s - next_s >= FRAME_S - 1e-9


@pytest.mark.parametrize("name", MOVING)
@given(at_s=st.floats(0, 100))
def test_it_comes_again_after_its_period(name: str, at_s: float) -> None:
    pattern, period_s = PATTERNS[name], PERIODS_S[name]
    if name == "breathing":
        assert pattern.brightness(at_s) == pytest.approx(pattern.brightness(at_s + period_s), abs=1e-6)
    elif not near_a_change(name, at_s % period_s):
        assert pattern.brightness(at_s) == pattern.brightness(at_s + period_s)


def near_a_change(name: str, at_s: float) -> bool:
    return any(abs(at_s - change_s) < 1e-6 for change_s in (*changes_s(name), 0.0, PERIODS_S[name]))


def changes_s(name: str) -> list[float]:
    """When in its first period a pattern asks to be looked at."""
    times: list[float] = []
    at_s = PATTERNS[name].next_s(0.0)
    while at_s is not None and at_s < PERIODS_S[name] - 1e-3:
        times.append(at_s)
        at_s = PATTERNS[name].next_s(at_s)
    return times


@pytest.mark.parametrize(("name", "expected_s"), [("blink", [0.5]), ("double blink", [0.15, 0.3, 0.45])])
def test_a_blink_is_looked_at_when_it_changes_only(name: str, expected_s: list[float]) -> None:
    assert changes_s(name) == pytest.approx(expected_s, abs=1e-4)
    levels = [PATTERNS[name].brightness(at_s) for at_s in (0.0, *changes_s(name))]
    assert levels == [1.0, 0.0, 1.0, 0.0][: len(levels)]


def test_breathing_is_smooth_and_never_dark() -> None:
    pattern = PATTERNS["breathing"]
    levels = [pattern.brightness(number * FRAME_S) for number in range(76)]
    assert levels[0] == 1.0 and 0.0 < min(levels) < 0.05
    assert max(abs(after - before) for before, after in pairwise(levels)) < 0.06
    assert levels.index(min(levels)) in (37, 38)
    assert pattern.brightness(0.75) == pytest.approx(0.265)  # squared: half way for an eye


@pytest.mark.parametrize("name", [name for name in PATTERNS if name != "off"])
def test_each_begins_lit(name: str) -> None:
    assert PATTERNS[name].brightness(0.0) >= DIM
