"""What counts as audible."""

from __future__ import annotations

import numpy as np

from appliance.audio.loudness import HANG_MS, Audibility
from appliance.units import PACKET_MS


def level(peak: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    block = np.zeros(960, np.int16)
    block[100] = peak
    return block


def test_on_at_once_and_off_after_the_hang() -> None:
    audibility = Audibility()
    assert (audibility.hear(level(103)), audibility.on) == (False, False)
    assert (audibility.hear(level(-104)), audibility.on) == (True, True)
    quiet = HANG_MS // PACKET_MS
    assert [audibility.hear(None) for _ in range(quiet)] == [False] * (quiet - 1) + [True]
    assert not audibility.on


def test_a_pause_between_words_is_no_end() -> None:
    audibility = Audibility()
    audibility.hear(level(5_000))
    for _ in range(20):
        assert not any(audibility.hear(None) for _ in range(HANG_MS // PACKET_MS - 1))
        assert not audibility.hear(level(5_000))


def test_the_lowest_sample_is_loud() -> None:
    assert Audibility().hear(level(-32_768))


def test_the_end_of_the_stream_is_the_end() -> None:
    audibility = Audibility()
    assert not audibility.stop()
    audibility.hear(level(5_000))
    assert (audibility.stop(), audibility.on, audibility.stop()) == (True, False, False)
