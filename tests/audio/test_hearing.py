"""How well a microphone hears: what is told of a stretch of sound, and when it is deaf."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.audio.hearing import DEAF_MS, RECENT_MS, Hearing, Levels
from appliance.session.events import DeafInTurns, Event, MicrophoneDeaf
from tests.audio.sounds import blocks, tone

Samples = NDArray[np.int16]
FRAMES = 320
ZEROS = np.zeros(FRAMES, np.int16)
SPEECH = list(blocks(tone(16_000, 6.0, hz=333, peak=3277), FRAMES))
STUCK = SPEECH[0]
DEAF = DEAF_MS // 20


class Microphone:
    def __init__(self, *, live: bool = True) -> None:
        self.reports: list[Event] = []
        self.hearing = Hearing("hw:1", FRAMES, self.reports.append, live=lambda: live)

    def hears(self, *periods: Samples, in_turn: bool = True) -> int:
        """How often it was told that it is deaf, by then."""
        for period in periods:
            self.hearing.hear(period, in_turn=in_turn)
        return sum(isinstance(event, MicrophoneDeaf) for event in self.reports)

    def in_turns(self) -> list[tuple[bool, bool]]:
        """What was told of turns."""
        return [(event.on, event.whole) for event in self.reports if isinstance(event, DeafInTurns)]

    def recent(self) -> Levels | None:
        return self.hearing.recent

    def deaf(self) -> bool:
        return self.hearing.deaf


@pytest.mark.parametrize("dead", [ZEROS, STUCK, np.full(FRAMES, 12, np.int16)])
def test_one_that_delivers_the_same_for_seconds_is_deaf_and_told_once(dead: Samples) -> None:
    microphone = Microphone()
    assert microphone.hears(*[dead] * (DEAF - 1)) == 0
    assert microphone.hears(*[dead] * 2) == 1
    assert microphone.hears(*[dead] * 500) == 1
    assert microphone.deaf()
    assert microphone.hears(SPEECH[1]) == 1
    assert not microphone.deaf()
    assert microphone.hears(*[dead] * (DEAF + 1)) == 2


def test_what_it_is_is_said() -> None:
    zeros, stuck = Microphone(), Microphone()
    zeros.hears(*[ZEROS] * DEAF)
    stuck.hears(*[STUCK] * (DEAF + 1))
    assert "hw:1" in zeros.reports[0].message and "zeros" in zeros.reports[0].message  # type: ignore[union-attr]
    assert "same samples" in stuck.reports[0].message  # type: ignore[union-attr]


def test_a_quiet_room_is_not_deafness() -> None:
    whisper = [np.random.default_rng(n).integers(-1, 2, FRAMES).astype(np.int16) for n in range(DEAF * 2)]
    assert Microphone().hears(*whisper) == 0


def test_a_stand_in_may_be_silent() -> None:
    microphone = Microphone(live=False)
    assert microphone.hears(*[ZEROS] * 1000) == 0
    assert microphone.in_turns() == []


def test_short_presses_of_a_dead_microphone_add_up() -> None:
    microphone, told = Microphone(), []
    for _ in range(5):
        told.append(microphone.hears(*[ZEROS] * (DEAF // 2)))
        microphone.hearing.close()
    assert told == [0, 1, 1, 1, 1]


@pytest.mark.parametrize("dead", [ZEROS, STUCK])
def test_of_turns_it_is_told_that_they_were_heard_nothing_of_and_that_it_hears_again(dead: Samples) -> None:
    microphone = Microphone()
    microphone.hearing.begin_turn()
    microphone.hears(*[dead] * (DEAF - 1))
    assert microphone.in_turns() == []
    microphone.hears(*[dead] * 200)
    assert microphone.in_turns() == [(True, True)]
    microphone.hears(*[dead] * 200, in_turn=False)
    microphone.hears(SPEECH[1], in_turn=False)
    microphone.hears(SPEECH[2])
    assert microphone.in_turns() == [(True, True), (False, False)]


def test_a_turn_that_was_heard_at_first_was_not_in_vain() -> None:
    microphone = Microphone()
    microphone.hearing.begin_turn()
    microphone.hears(*SPEECH[:5], *[ZEROS] * DEAF)
    assert microphone.in_turns() == [(True, False)]


def test_a_silent_room_between_turns_counts_for_none() -> None:
    microphone = Microphone()
    assert microphone.hears(*[ZEROS] * DEAF, in_turn=False) == 1
    microphone.hearing.begin_turn()
    microphone.hears(*[ZEROS] * (DEAF - 1))
    assert microphone.in_turns() == []
    assert microphone.hears(ZEROS) == 1
    assert microphone.in_turns() == [(True, True)]


def test_zeros_behind_each_opening_are_not_deafness() -> None:
    microphone = Microphone()
    for _ in range(5):
        microphone.hears(*[ZEROS] * (DEAF - 1), SPEECH[0])
        microphone.hearing.close()
    assert not microphone.reports


def test_the_levels_of_a_turn_are_of_its_own_periods() -> None:
    microphone = Microphone()
    microphone.hears(*[np.full(FRAMES, 32767, np.int16)] * 3)
    microphone.hearing.begin_turn()
    assert microphone.hearing.turn == Levels()
    microphone.hears(*SPEECH[:50])
    microphone.hears(*[np.full(FRAMES, -32768, np.int16)] * 10, in_turn=False)
    levels = microphone.hearing.turn
    assert (levels.rms_dbfs, levels.peak_dbfs) == pytest.approx((-23.0, -20.0), abs=0.1)
    assert levels.offset_dbfs < -70
    assert (levels.clipped_samples, levels.zero_ms, levels.frozen_ms) == (0, 0, 0)
    microphone.hears(*[ZEROS] * 5, np.full(FRAMES, 32767, np.int16))
    levels = microphone.hearing.turn
    assert (levels.clipped_samples, levels.zero_ms, levels.frozen_ms) == (FRAMES, 100, 20)


def test_the_levels_of_the_last_second_go_when_it_closes() -> None:
    microphone = Microphone()
    microphone.hears(*SPEECH[: RECENT_MS // 20 - 1])
    assert microphone.recent() is None
    microphone.hears(SPEECH[60])
    assert (levels := microphone.recent()) and levels.rms_dbfs == pytest.approx(-23.0, abs=0.1)
    microphone.hears(*[ZEROS] * (RECENT_MS // 20))
    assert microphone.recent() == Levels(zero_ms=RECENT_MS)
    microphone.hearing.close()
    assert microphone.recent() is None
