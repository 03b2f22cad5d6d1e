"""A cue over what is played: every sample of it once, in order, and no sum that wraps around."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.audio.mixer import LEAST, MOST, Mixer
from appliance.session.effects import Cue

PERIOD = 8
samples = st.integers(LEAST, MOST)


def mixed(mixer: Mixer, under: int, periods: int) -> tuple[list[int], list[bool]]:
    heard: list[int] = []
    sounded = []
    for _ in range(periods):
        block = np.full(PERIOD, under, np.int16)
        sounded.append(mixer.mix(block))
        heard += block.tolist()
    return heard, sounded


def sound(*values: int) -> NDArray[np.int16]:
    return np.array(values, np.int16)


@given(cue=st.lists(samples, min_size=1, max_size=40), under=samples)
def test_what_is_heard_is_the_sum_cut_off_at_full_scale(cue: list[int], under: int) -> None:
    mixer = Mixer({Cue.LOST: sound(*cue)}, PERIOD)
    mixer.start(Cue.LOST)
    periods = -(-len(cue) // PERIOD)
    heard, sounded = mixed(mixer, under, periods + 2)
    sums = [min(MOST, max(LEAST, value + under)) for value in cue]
    assert heard == sums + [under] * (len(heard) - len(sums))
    assert sounded == [True] * periods + [False] * 2
    assert not mixer.sounding


def test_the_next_cue_takes_the_place_of_one_that_sounds() -> None:
    mixer = Mixer({Cue.LOST: sound(*[1] * 20), Cue.MUTED: sound(*[5] * 10)}, PERIOD)
    mixer.start(Cue.LOST)
    assert mixed(mixer, 0, 1)[0] == [1] * 8
    mixer.start(Cue.MUTED)
    assert mixed(mixer, 0, 2)[0] == [5] * 10 + [0] * 6


@pytest.mark.parametrize("sounding", [True, False])
def test_one_without_a_sound_changes_nothing(sounding: bool) -> None:
    mixer = Mixer({Cue.LOST: sound(*[1] * 20)}, PERIOD)
    if sounding:
        mixer.start(Cue.LOST)
    mixer.start(Cue.HUNG_UP)
    assert mixer.sounding == sounding


def test_stopped_it_is_silent_at_once() -> None:
    mixer = Mixer({Cue.LOST: sound(*[1] * 20)}, PERIOD)
    mixer.start(Cue.LOST)
    mixer.stop()
    assert mixed(mixer, 7, 1) == ([7] * 8, [False])
