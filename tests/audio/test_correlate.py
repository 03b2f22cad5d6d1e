"""The yardstick itself."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.sounds import hello, tone
from tests.correlate import find


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
