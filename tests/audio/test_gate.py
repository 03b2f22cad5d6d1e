"""The gate over a scripted detector: what leaves, in which order, and when."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.gate import VOTERS, VOTES, Gate, GateSettings, make_gate, periods
from appliance.units import PACKET_MS
from tests.audio.sounds import Samples

LEVEL_DBFS = -20.0
"""Of every period, and no matter."""


class Script:
    """`audio.voice.Detector`: says what the test wants; a period is its number."""

    def __init__(self) -> None:
        self.voice = False

    def hear(self, block: Samples, level_dbfs: float) -> bool:
        return self.voice


class Street:
    """A gate with what left through it, by number, and where it was open."""

    def __init__(self, *, pre_roll_ms: float = 100, hang_ms: float = 100) -> None:
        self.script = Script()
        self.gate = Gate(self.script, 4, pre_roll_ms=pre_roll_ms, hang_ms=hang_ms)
        self.left: list[list[int]] = []
        self.open: list[bool] = []

    def hear(self, votes: str) -> None:
        """A "v" is a period with a voice."""
        for vote in votes:
            self.script.voice = vote == "v"
            block = np.full(4, len(self.left), np.int16)
            self.left.append([int(left[0]) for left in self.gate.hear(block, LEVEL_DBFS)])
            block[:] = -1  # the caller's own: it is used again
            self.open.append(self.gate.open)

    @property
    def edges(self) -> list[int]:
        """The periods at which it opened and closed, in turn."""
        return [n for n, is_open in enumerate(self.open) if is_open != (n > 0 and self.open[n - 1])]

    @property
    def passed(self) -> list[int]:
        return [number for left in self.left for number in left]


def test_three_votes_of_five_open_it_and_the_pre_roll_leaves_first() -> None:
    street = Street()
    street.hear("..........vv")
    assert not any(street.open)
    street.hear("v")
    assert street.left[12] == [7, 8, 9, 10, 11, 12]
    street.hear("v")
    assert street.left[13] == [13]


@pytest.mark.parametrize("votes", ["vvv", "v.v.v", "vv..v", "v..vv"])
def test_they_need_not_be_beside_each_other(votes: str) -> None:
    street = Street()
    street.hear("....." + votes)
    assert street.edges == [4 + len(votes)]


@pytest.mark.parametrize("votes", ["vv", "v...vv", "vv...vv...vv", "v..v..v..v"])
def test_clicks_do_not_open_it(votes: str) -> None:
    street = Street()
    street.hear("....." + votes + ".....")
    assert street.passed == []


def test_it_closes_when_the_hang_time_has_passed_without_three_votes() -> None:
    street = Street(hang_ms=100)
    street.hear("vvv" + "." * 20)
    # the two periods behind the last vote still have three of five, and five more are the hang time
    assert street.edges == [2, 2 + 2 + 5 + 1]


def test_a_breath_does_not_close_it() -> None:
    street = Street(hang_ms=100)
    street.hear("vvv" + "....." + "vvv" + "....")
    assert street.edges == [2]


def test_no_hang_time_closes_it_with_the_votes() -> None:
    street = Street(hang_ms=0)
    street.hear("vvv...")
    assert street.open == [False, False, True, True, True, False]


def test_what_has_left_does_not_leave_again_as_pre_roll() -> None:
    street = Street(pre_roll_ms=400, hang_ms=0)
    street.hear("vvv..." + "vvv")
    assert street.passed == list(range(9))


def test_no_pre_roll_begins_with_the_opening_period() -> None:
    street = Street(pre_roll_ms=0)
    street.hear("...vvvv")
    assert street.passed == [5, 6]


def test_lengths_are_rounded_up_to_whole_periods() -> None:
    assert [periods(length_ms) for length_ms in (0, 1, 20, 21, 300)] == [0, 1, 1, 2, 15]


def test_reset_forgets_the_pre_roll() -> None:
    street = Street()
    street.hear(".....")
    street.gate.reset()
    street.hear("vvv")
    assert street.passed == [5, 6, 7]


def test_reset_closes_it_and_forgets_what_was_said() -> None:
    street = Street()
    street.hear(".....vvv")
    street.gate.reset()
    assert not street.gate.open
    street.hear("vvv")
    assert street.left[8:] == [[], [], [8, 9, 10]]


@given(
    st.text("v.", max_size=300),
    st.integers(0, 15).map(lambda count: count * PACKET_MS),
    st.integers(0, 15).map(lambda count: count * PACKET_MS),
)
def test_nothing_is_lost_doubled_or_out_of_order(votes: str, pre_roll_ms: float, hang_ms: float) -> None:
    street = Street(pre_roll_ms=pre_roll_ms, hang_ms=hang_ms)
    street.hear(votes)
    assert street.passed == sorted(set(street.passed))
    closed_before = -1  # the last period that left before this opening
    for number, left in enumerate(street.left):
        assert bool(left) == street.open[number]
        if not left:
            continue
        opening = number == 0 or not street.open[number - 1]
        first = max(closed_before + 1, number - periods(pre_roll_ms)) if opening else number
        assert left == list(range(first, number + 1))  # no gap and no overlap, at the joint as well
        closed_before = number


@given(st.text("v.", max_size=300), st.integers(0, 10))
def test_it_is_open_exactly_from_three_votes_to_the_end_of_the_hang_time(votes: str, hang: int) -> None:
    street = Street(hang_ms=hang * PACKET_MS)
    street.hear(votes)
    won = [votes[max(0, n - VOTERS + 1) : n + 1].count("v") >= VOTES for n in range(len(votes))]
    assert street.open == [any(won[max(0, n - hang) : n + 1]) for n in range(len(votes))]


def test_one_that_is_off_lets_everything_through_and_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "appliance.audio.voice", None)
    monkeypatch.setitem(sys.modules, "webrtcvad", None)
    gate = make_gate(GateSettings(engine="off"), 16_000)
    block = np.zeros(320, np.int16)
    assert gate.open
    assert [list(gate.hear(block, LEVEL_DBFS)) for _ in range(3)] == [[block]] * 3
    gate.reset()
    assert gate.open
