"""The yardstick itself."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.sounds import hello, tone
from tests.correlate import MOST, find, share
from tests.signals import words


def test_a_sound_is_found_where_it_is_at_any_volume() -> None:
    haystack = np.zeros(60_000, np.int16)
    haystack[12_345 : 12_345 + len(hello())] = hello() // 3
    haystack[:8_000] = tone(16_000, 0.5, peak=32_000)  # loud, and something else
    offset, score = find(haystack, hello())
    assert offset == 12_345
    assert score > 0.999


def test_a_sound_that_is_not_there_scores_low() -> None:
    other = hello()[::-1].copy()
    assert find(np.pad(other, 5_000), hello())[1] < 0.3
    assert find(np.zeros(60_000, np.int16), hello())[1] == 0.0


def test_half_a_sound_is_not_the_whole() -> None:
    half = np.pad(hello()[: len(hello()) // 2], (0, len(hello())))
    assert find(half, hello())[1] < 0.9


def test_a_needle_must_fit() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        find(hello()[:10], hello())


def test_a_gap_costs_a_piece_and_not_the_rest() -> None:
    whole = words(1.2)
    cut = len(whole) * 5 // 12  # amid the third of the pieces
    gap = np.concatenate([whole[:cut], np.zeros(640, np.int16), whole[cut:]])
    assert find(gap, whole)[1] < 0.85
    assert share(whole, whole) == share(np.pad(whole, 5_000), whole) == 1.0
    assert MOST < share(gap, whole) < 1.0


def test_silence_and_other_sounds_are_no_share() -> None:
    assert share(np.zeros(60_000, np.int16), hello()) == 0.0
    assert share(np.pad(hello()[::-1].copy(), 5_000), hello()) < 0.2
    assert share(np.pad(hello()[: len(hello()) // 2], (0, len(hello()))), hello()) < MOST
