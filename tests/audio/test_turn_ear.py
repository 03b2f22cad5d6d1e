"""How a turn sounds: the same as if each period were heard at once, and what is told later is the end of a voice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.gate import VOTES, Gate
from appliance.audio.hearing import Hearing
from appliance.audio.turn_ear import HANG_MS, TOGETHER, TurnEar
from appliance.session.events import DeafInTurns, Event, VoiceHeard
from appliance.units import PACKET_MS
from tests.audio.sounds import Samples

FRAMES = 4
HANG = HANG_MS // PACKET_MS


class Loud:
    """A period from 100 up has a voice in it."""

    def hear(self, block: Samples, level_dbfs: float) -> bool:
        return bool(block[0] >= 100)


class Turn:
    """What is told of one, with the number of periods that had been heard by then."""

    def __init__(self, *, detects: bool = True) -> None:
        self.told: list[tuple[int, Event]] = []
        self.count = 0
        gate = Gate(Loud() if detects else None, FRAMES, pre_roll_ms=0, hang_ms=0)
        self.hearing = Hearing("mic", FRAMES, self.take, live=lambda: True)
        self.ear = TurnEar(self.hearing, gate, FRAMES, self.take)
        self.ear.begin()

    def take(self, event: Event) -> None:
        self.told.append((self.count, event))

    def hear(self, *levels: int) -> None:
        block = np.zeros(FRAMES, np.int16)
        for level in levels:
            self.count += 1
            block[:] = level
            self.ear.hear(block)
            block[:] = -1  # the caller's own: it is used again

    def voice(self) -> list[tuple[int, bool]]:
        return [(count, event.on) for count, event in self.told if isinstance(event, VoiceHeard)]


def heard_at_once(levels: list[int]) -> tuple[list[tuple[int, bool]], Hearing]:
    """What a voice that is told of in its period would be, and what was heard."""
    found: list[tuple[int, bool]] = []
    hearing = Hearing("mic", FRAMES, lambda event: None, live=lambda: True)
    gate = Gate(Loud(), FRAMES, pre_roll_ms=0, hang_ms=0).ear(HANG_MS)
    assert gate is not None
    for count, level in enumerate(levels, 1):
        block = np.full(FRAMES, level, np.int16)
        was = gate.open
        gate.hear(block, hearing.hear(block, in_turn=True))
        if gate.open != was:
            found.append((count, gate.open))
    return found, hearing


@given(st.lists(st.sampled_from([1, 2, 100, 100, 32767, 0]), max_size=80))
def test_a_voice_is_told_of_in_its_period_and_its_end_soon_and_all_levels_are_heard(levels: list[int]) -> None:
    turn = Turn()
    turn.hear(*levels)
    turn.ear.catch_up()
    exact, hearing = heard_at_once(levels)
    told = turn.voice()
    assert [on for _, on in told] == [on for _, on in exact]
    for (said, on), (true, _) in zip(told, exact, strict=True):
        assert 0 <= said - true < TOGETHER
        assert said == true or not on or (said, False) in told, "a voice that begins as another's end is told may wait"
    assert turn.hearing.turn == hearing.turn
    assert turn.hearing.recent == hearing.recent


def test_the_first_voice_of_a_turn_is_told_of_at_its_third_vote() -> None:
    turn = Turn()
    turn.hear(1, 2, 1, *[100] * VOTES)
    assert turn.voice() == [(3 + VOTES, True)]


def test_an_end_that_falls_among_others_is_told_with_them() -> None:
    turn = Turn()
    turn.hear(*[100] * VOTES, *[1] * (2 + HANG))
    assert turn.voice() == [(VOTES, True)]
    turn.hear(1, 1, 1)
    assert turn.voice() == [(VOTES, True), (VOTES + 10, False)]


def test_a_turn_that_begins_anew_has_no_voice_yet() -> None:
    turn = Turn()
    turn.hear(*[100] * VOTES)
    turn.ear.catch_up()
    turn.ear.begin()
    turn.hear(*[100] * VOTES)
    assert turn.voice() == [(VOTES, True), (2 * VOTES, True)]


def test_what_crashes_does_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = Turn()
    with monkeypatch.context() as patch:
        patch.setattr(Loud, "hear", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            turn.hear(1)
        turn.ear.catch_up()
    turn.hear(5000)
    assert turn.hearing.turn.peak_dbfs > -20


def test_without_a_detector_levels_are_heard_and_a_deaf_microphone_is_found() -> None:
    turn = Turn(detects=False)
    turn.hear(*[0] * 150)
    assert [type(event) for _, event in turn.told if isinstance(event, DeafInTurns)] == [DeafInTurns]
    turn.hear(5000)
    assert turn.hearing.turn.peak_dbfs < -100
    turn.ear.catch_up()
    assert turn.hearing.turn.peak_dbfs > -20
    assert turn.voice() == []
