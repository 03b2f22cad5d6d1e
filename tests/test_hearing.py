"""The judge of `bench wire`: of sounds that were made late, or left out, it tells how late, and how much."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from bench.hearing import PIECE, Ears, Verdict, judge
from tests.voices import voices
from tests.words import RATE_HZ, Samples, Speech, speech

pytestmark = voices
EVENT_WORD = 4
WAY = 1600
"""Frames from mouth to ear where nothing happens: 100 ms."""


@cache
def said() -> Speech:
    return speech(1, 12)


def event_s() -> float:
    return said().starts[EVENT_WORD] / RATE_HZ


def verdict(change: Callable[[Samples, int], Samples]) -> Verdict:
    """Of what *change* makes of the sound from the event on; the second argument is the frame of the event."""
    event = said().starts[EVENT_WORD] + WAY
    heard = np.concatenate([np.zeros(WAY, np.int16), said().samples, np.zeros(2 * RATE_HZ, np.int16)])

    def in_s(frame: int) -> float:
        return frame / RATE_HZ

    return judge(Ears(said(), in_s, change(heard, event), in_s), event_s() - 0.001)


def late(heard: Samples, at: int, seconds: float) -> Samples:
    return np.concatenate([heard[:at], np.zeros(int(seconds * RATE_HZ), np.int16), heard[at:]])


def test_where_nothing_happens_all_is_whole_and_as_late_as_ever() -> None:
    found = verdict(lambda heard, event: heard)
    assert (found.whole, found.back_s, found.holes_ms, found.holes) == (8, 0.0, 0.0, 0)
    assert found.before_ms == pytest.approx(100) and found.after_ms == pytest.approx(100)


def test_what_is_later_for_good_never_comes_back() -> None:
    found = verdict(lambda heard, event: late(heard, event, 0.2))
    assert (found.whole, found.back_s, found.holes) == (8, None, 0)
    assert found.after_ms == pytest.approx(300)


def test_what_catches_up_in_a_pause_has_come_back_by_then() -> None:
    def change(heard: Samples, event: int) -> Samples:
        delayed = late(heard, event, 0.2)
        pause = said().starts[6] + WAY  # the frames before this word are silent
        return np.delete(delayed, range(pause, pause + 3200))

    found = verdict(change)
    assert found.whole == 8 and found.after_ms == pytest.approx(100)
    assert found.back_s == pytest.approx(said().starts[6] / RATE_HZ - 0.25 - event_s(), abs=0.15)


def test_what_catches_up_by_and_by_is_late_and_no_hole() -> None:
    def change(heard: Samples, event: int) -> Samples:
        delayed = late(heard, event + len(said().words[EVENT_WORD]) // 2, 0.24)
        for word, frames in ((6, 2400), (5, 2000)):  # the later first, so that the places hold
            at = said().starts[word] + WAY + 3840 - 2500
            delayed = np.delete(delayed, range(at, at + frames))
        return delayed

    found = verdict(change)
    assert (found.whole, found.holes) == (7, 0), "the word with the gap"
    assert found.back_s == pytest.approx(said().starts[6] / RATE_HZ - 0.25 - event_s(), abs=0.15)


def test_what_is_missing_is_a_hole_and_its_word_is_not_whole() -> None:
    def change(heard: Samples, event: int) -> Samples:
        holed = heard.copy()
        holed[event : event + 2 * PIECE] = 0
        return holed

    found = verdict(change)
    assert (found.whole, found.holes) == (7, 1)
    assert found.holes_ms == pytest.approx(240)


def test_what_is_left_out_of_a_word_makes_the_rest_of_it_earlier_and_no_hole() -> None:
    def change(heard: Samples, event: int) -> Samples:
        delayed = late(heard, event + len(said().words[EVENT_WORD]) // 2, 0.24)
        inside = said().starts[5] + WAY + 3840 + PIECE
        return np.delete(delayed, range(inside, inside + PIECE))

    found = verdict(change)
    assert found.whole == 6
    assert found.holes_ms == pytest.approx(120)


def test_where_nothing_was_heard_there_is_one_hole_and_no_delay() -> None:
    found = verdict(lambda heard, event: np.zeros_like(heard))
    assert (found.whole, found.before_ms, found.back_s, found.holes) == (0, None, None, 1)
