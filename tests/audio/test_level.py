"""Levels in dBFS, and the level of the room."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.level import FLOOR_LEAST_DBFS, SILENCE_DBFS, Meter, NoiseFloor, rms_dbfs
from tests.audio.sounds import tone

WINDOW = 150  # three seconds, in which speech is bound to pause


def measured(block: np.ndarray) -> tuple[float, float]:
    meter = Meter(len(block))
    meter.measure(block)
    return meter.rms_dbfs, meter.peak_dbfs


@pytest.mark.parametrize(
    ("block", "mean_dbfs", "peak_dbfs"),
    [
        (np.full(320, -32768, np.int16), 0.0, 0.0),
        (tone(16_000, 0.02, hz=500, peak=32767), -3.01, 0.0),
        (tone(16_000, 0.02, hz=500, peak=3277), -23.01, -20.0),
        (np.zeros(320, np.int16), SILENCE_DBFS, SILENCE_DBFS),
        (np.eye(1, 320, dtype=np.int16)[0], -115.36, -90.31),
    ],
)
def test_levels(block: np.ndarray, mean_dbfs: float, peak_dbfs: float) -> None:
    assert measured(block) == pytest.approx((mean_dbfs, peak_dbfs), abs=0.01)
    assert rms_dbfs(block) == pytest.approx(mean_dbfs, abs=0.01)


@given(st.lists(st.integers(-32768, 32767), min_size=160, max_size=160))
def test_a_mean_is_no_higher_than_its_peak_and_both_are_of_full_scale(samples: list[int]) -> None:
    mean_dbfs, peak_dbfs = measured(np.array(samples, np.int16))
    assert SILENCE_DBFS <= mean_dbfs <= peak_dbfs + 1e-4
    assert peak_dbfs <= 0
    exact = math.sqrt(sum(sample**2 for sample in samples) / 160)
    assert mean_dbfs == pytest.approx(20 * math.log10(exact / 32768) if exact else SILENCE_DBFS, abs=1e-3)


def test_measuring_keeps_no_memory() -> None:
    meter, floor, block = Meter(960), NoiseFloor(), tone(48_000, 0.02)

    def work() -> None:
        for _ in range(500):
            meter.measure(block)
            floor.hear(meter.rms_dbfs)

    work()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 2000


def heard(*runs: tuple[float, int]) -> NoiseFloor:
    """A floor after runs of a level for so many periods."""
    floor = NoiseFloor()
    for level_dbfs, count in runs:
        for _ in range(count):
            floor.hear(level_dbfs)
    return floor


def test_at_first_nothing_stands_above_the_floor() -> None:
    assert NoiseFloor().dbfs == 0
    assert heard((-30, 1)).dbfs == pytest.approx(-30)


def test_it_falls_within_half_a_second() -> None:
    assert heard((-30, 100), (-60, 30)).dbfs == pytest.approx(-60, abs=1)


def test_it_holds_while_somebody_speaks_and_rises_when_that_was_no_speech() -> None:
    assert heard((-60, 50), (-20, 100)).dbfs == pytest.approx(-60, abs=0.1)
    assert heard((-60, 50), (-20, WINDOW - 30)).dbfs == pytest.approx(-60, abs=0.1)
    assert heard((-60, 50), (-20, WINDOW + 30)).dbfs == pytest.approx(-20, abs=0.1)


def test_a_single_quiet_period_in_a_rumble_is_not_the_room() -> None:
    assert heard((-30, 50), (-60, 1), (-30, 5)).dbfs == pytest.approx(-31.5, abs=0.2)


def test_digital_silence_is_no_quiet_room() -> None:
    assert heard((SILENCE_DBFS, 200)).dbfs == FLOOR_LEAST_DBFS


@given(st.lists(st.floats(-120, 0), min_size=1, max_size=400))
def test_it_stays_between_the_least_and_the_greatest_of_the_window(levels: list[float]) -> None:
    floor = NoiseFloor()
    for level_dbfs in levels:
        floor.hear(level_dbfs)
    assert max(FLOOR_LEAST_DBFS, min(levels)) - 1e-6 <= floor.dbfs <= max(FLOOR_LEAST_DBFS, *levels) + 1e-6


def told(*blocks: np.ndarray) -> tuple[float, int, bool, bool]:
    """Of the last of *blocks*: mean, clipped samples, zero, frozen."""
    meter = Meter(len(blocks[0]))
    for block in blocks:
        meter.measure(block)
    return meter.mean, meter.clipped, meter.zero, meter.frozen


SINE = tone(16_000, 0.02, hz=510, peak=3277)


@pytest.mark.parametrize(
    ("blocks", "wanted"),
    [
        ([np.zeros(320, np.int16)], (0.0, 0, True, False)),
        ([np.eye(1, 320, dtype=np.int16)[0]], (1 / 320, 0, False, False)),
        ([np.full(320, -7, np.int16)], (-7.0, 0, False, True)),
        ([SINE], (0.0, 0, False, False)),
        ([SINE, SINE], (0.0, 0, False, True)),
        ([SINE, -SINE], (0.0, 0, False, False)),
        ([SINE, np.zeros(320, np.int16), SINE], (0.0, 0, False, False)),
        ([np.array([32767, -32768, 32766, -32767] * 80, np.int16)], (-0.5, 160, False, False)),
    ],
)
def test_what_no_sound_should_have(blocks: list[np.ndarray], wanted: tuple[float, int, bool, bool]) -> None:
    mean, *others = told(*blocks)
    assert mean == pytest.approx(wanted[0], abs=100 if blocks[0] is SINE else 1e-6)
    assert tuple(others) == wanted[1:]


@given(st.lists(st.lists(st.integers(-32768, 32767), min_size=160, max_size=160), min_size=2, max_size=5))
def test_what_is_counted_is_what_is_there(periods: list[list[int]]) -> None:
    blocks = [np.array(period, np.int16) for period in periods]
    mean, clipped, zero, frozen = told(*blocks)
    assert mean == pytest.approx(sum(periods[-1]) / 160, abs=0.1)
    assert clipped == sum(sample in (32767, -32768) for sample in periods[-1])
    assert zero == (not any(periods[-1]))
    again = len(set(periods[-1])) == 1 or periods[-1] == periods[-2]
    assert not (again and not zero) or frozen
