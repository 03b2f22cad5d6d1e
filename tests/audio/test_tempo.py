"""When what may be changed, packet by packet."""

from __future__ import annotations

import pytest

from appliance.audio.tempo import (
    ALIKE,
    ANYWHERE,
    BAND_MS,
    CUT_MOST_MS,
    GENTLE,
    HURRY,
    PATIENCE_MS,
    RETURN_MS,
    SILENCE_ONLY,
    Change,
    Tempo,
)

PATIENT = PATIENCE_MS // 20


def choices(tempo: Tempo, excess_ms: float, count: int, *, spent_ms: float = 0.0) -> list[Change | None]:
    """Of so many packets in a row; speech gives *spent_ms* whenever it may."""
    chosen = []
    for _ in range(count):
        change = tempo.choose(excess_ms, 20)
        chosen.append(change)
        if change is not None and change.alike != SILENCE_ONLY:
            tempo.spend(spent_ms)
    return chosen


@pytest.mark.parametrize("excess_ms", [0.0, BAND_MS, -BAND_MS])
def test_near_the_target_nothing_is_touched(excess_ms: float) -> None:
    assert set(choices(Tempo(), excess_ms, 1000)) == {None}


@pytest.mark.parametrize("excess_ms", [15.0, 60.0, -15.0, -60.0])
def test_silence_gives_at_once_and_all_there_is_to_give(excess_ms: float) -> None:
    assert set(choices(Tempo(), excess_ms, PATIENT - 1)) == {Change(excess_ms, SILENCE_ONLY)}


@pytest.mark.parametrize("excess_ms", [15.0, 60.0, -15.0, -60.0])
def test_then_vowels_give_a_little(excess_ms: float) -> None:
    tempo = Tempo()
    choices(tempo, excess_ms, PATIENT)
    late = choices(tempo, excess_ms, 50, spent_ms=8.0)
    assert {change.alike for change in late if change} == {ALIKE, SILENCE_ONLY}
    assert sum(change.alike == ALIKE for change in late if change) * 8.0 <= 50 * 20 * GENTLE + 2 * CUT_MOST_MS


def test_within_a_packet_of_the_target_nothing_that_could_be_heard_is_done_ever() -> None:
    assert {change.alike for change in choices(Tempo(), 20.0, 1000) if change} == {ALIKE, SILENCE_ONLY}


@pytest.mark.parametrize(("excess_ms", "after_ms"), [(740.0, 180), (300.0, 1500), (60.0, 2220)])
def test_it_hurries_when_there_is_no_more_time(excess_ms: float, after_ms: float) -> None:
    early = choices(Tempo(), excess_ms, int(after_ms) // 20 - 1)
    assert ANYWHERE not in {change.alike for change in early if change}
    tempo = Tempo()
    choices(tempo, excess_ms, int(after_ms) // 20 + 1)
    assert ANYWHERE in {change.alike for change in choices(tempo, excess_ms, 3) if change}


def test_in_a_hurry_a_quarter_goes() -> None:
    tempo = Tempo()
    choices(tempo, 5000.0, 10, spent_ms=8.0)
    cuts = [change for change in choices(tempo, 5000.0, 500, spent_ms=8.0) if change and change.alike == ANYWHERE]
    assert len(cuts) * 8.0 == pytest.approx(500 * 20 * HURRY, rel=0.02)


def test_back_at_the_target_patience_begins_anew() -> None:
    tempo = Tempo()
    choices(tempo, 60.0, RETURN_MS // 20)
    choices(tempo, 0.0, 1)
    assert set(choices(tempo, 60.0, PATIENT - 1)) == {Change(60.0, SILENCE_ONLY)}
