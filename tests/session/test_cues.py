"""What is heard of a life: each cue once, when it is news, and never while a microphone could record it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.session.events import (
    AttemptFailed,
    BotLeft,
    ButtonPressed,
    ButtonReleased,
    Connected,
    DeafInTurns,
    Device,
    DeviceChanged,
    DeviceState,
    MuteAsked,
    Role,
    ShutdownAsked,
    StartAsked,
    StopAsked,
    TimePassed,
    TurnDelivered,
    WordsLost,
)
from appliance.session.failure import Failure, Kind
from tests.session.play import Play
from tests.session.test_playbooks import AWAY, MICROPHONE_CLOSED, MICROPHONE_OPEN, PRESS, RELEASE, ready

HOLD, LET_GO = ButtonPressed("both", Role.COMBINED), ButtonReleased("both", Role.COMBINED)
REFUSED = Failure(Kind.STATUS, "no", 403)


def pressed(play: Play) -> Play:
    play(PRESS, after_s=1.0)
    play(MICROPHONE_OPEN)
    return play


def released(play: Play) -> Play:
    """To the end of the tail; the microphone has not closed yet."""
    play(RELEASE, after_s=1.0)
    play(TimePassed(), after_s=0.3)
    return play


def test_a_turn_that_was_taken_is_told_once_the_microphone_has_closed() -> None:
    play = pressed(ready())
    assert play.cues == [], "the start of listening is told by light alone"
    released(play)
    assert play.cues == [], "still open, it would record it"
    play(MICROPHONE_CLOSED)
    assert play.cues == ["released"]
    play(TurnDelivered(1))
    assert play.cues == ["released"]


def test_who_speaks_again_at_once_is_not_interrupted() -> None:
    play = pressed(released(pressed(ready())))
    released(play)
    play(MICROPHONE_CLOSED)
    assert play.cues == ["released"], "one for both"


def test_a_microphone_that_failed_records_nothing() -> None:
    play = pressed(ready())
    play(DeviceChanged(Device.MICROPHONE, DeviceState.MISSING, "gone"))
    released(play)
    assert play.cues == ["released"]


def test_in_hands_free_a_held_press_ends_in_silence_for_the_microphone_stays() -> None:
    play = released(pressed(ready(open=True)))
    assert play.cues == []


def test_a_turn_that_is_too_long_is_told() -> None:
    play = pressed(ready(time_out_s=30.0))
    play.wait_until(play.now_s + 30.0)
    play(MICROPHONE_CLOSED)
    assert play.cues == ["lost"]


def test_a_backlog_that_is_over_is_told_after_the_turn_and_once() -> None:
    play = Play.booted()
    pressed(play)
    for _ in range(3):
        play(WordsLost(20), after_s=1.0)
    assert play.cues == []
    released(play)
    play(MICROPHONE_CLOSED)
    assert play.cues == ["lost"], "and not released: it was not all taken"


def test_a_turn_that_nothing_was_heard_of_is_told_and_the_next_one_too() -> None:
    play = pressed(ready())
    play(DeafInTurns(True, whole=True), after_s=3.0)
    released(play)
    assert play.cues == []
    play(MICROPHONE_CLOSED)
    assert play.cues == ["lost"], "and not released"
    play(TurnDelivered(1))
    released(pressed(play))
    play(MICROPHONE_CLOSED)
    assert play.cues == ["lost", "lost"]


@pytest.mark.parametrize("whole", [True, False])
def test_a_turn_that_something_was_heard_of_was_taken(whole: bool) -> None:
    play = pressed(ready())
    play(DeafInTurns(True, whole=whole), after_s=3.0)
    if whole:
        play(DeafInTurns(False))
    released(play)
    play(MICROPHONE_CLOSED)
    assert play.cues == ["released"]


def test_who_goes_on_after_having_been_heard_was_heard() -> None:
    play = pressed(ready())
    play(DeafInTurns(True, whole=False), after_s=5.0)
    released(pressed(released(play)))
    play(MICROPHONE_CLOSED)
    assert play.cues == ["released"], "one turn"


def test_what_a_hang_up_drops_is_not_lost() -> None:
    play = pressed(Play.booted())
    play(StopAsked(), after_s=1.0)
    play(MICROPHONE_CLOSED)
    play(WordsLost(1000))
    assert play.cues == ["hung_up"]


def fails(play: Play, failure: Failure = AWAY) -> None:
    play(AttemptFailed(play.attempt, failure), after_s=0.1)


def test_the_first_failure_in_a_row_is_told_and_no_other() -> None:
    play = Play.booted()
    play(StartAsked())
    for _ in range(5):
        fails(play)
        play.wait()
    assert play.cues == ["cannot_connect"]


def test_a_failure_that_cost_words_is_told_again() -> None:
    play = Play.booted()
    play(StartAsked())
    fails(play)
    released(pressed(play))
    play(MICROPHONE_CLOSED)
    fails(play)
    play(WordsLost(1300))
    assert play.cues == ["cannot_connect", "released", "cannot_connect"], "the loss has been told of"


def test_to_be_given_up_is_told() -> None:
    play = Play.booted(attempts_max=3)
    play(StartAsked())
    for failure in (AWAY, AWAY, AWAY):
        fails(play, failure)
        if play.state.recovery.wanted:
            play.wait()
    assert play.cues == ["cannot_connect", "cannot_connect"]
    refused = Play.booted()
    refused(StartAsked())
    fails(refused, REFUSED)
    assert refused.cues == ["cannot_connect"]


def test_a_failure_under_a_held_button_waits_and_is_forgotten_when_the_bot_is_there() -> None:
    play = pressed(Play.booted())
    fails(play)
    play.wait()
    assert play.cues == []
    play.runner_answers()
    released(play)
    play(MICROPHONE_CLOSED)
    assert play.cues == ["released"]


def test_a_lost_connection_is_told() -> None:
    play = ready()
    fails(play, Failure(Kind.LINK, "the connection was lost"))
    assert play.cues == ["cannot_connect"]


def test_what_is_kept_up_always_fails_in_silence_while_nobody_talks() -> None:
    play = Play.booted(keep_always=True)
    fails(play)
    assert play.cues == []
    play.wait()
    play.runner_answers()
    fails(play, Failure(Kind.LINK, "the connection was lost"))
    assert play.cues == []


def by_button(play: Play) -> None:
    play(ButtonPressed("end", Role.SESSION))


def by_script(play: Play) -> None:
    play(StopAsked())


def by_disuse(play: Play) -> None:
    play.wait_until(play.now_s + 60.0)


def by_tap(play: Play) -> None:
    play(HOLD)
    play(MICROPHONE_OPEN)
    play(LET_GO, after_s=0.1)
    assert play.cues == []
    play(MICROPHONE_CLOSED)


@pytest.mark.parametrize("ends", [by_button, by_script, by_disuse, by_tap])
def test_an_end_on_purpose_is_told_at_once(ends: Callable[[Play], None]) -> None:
    play = ready()
    ends(play)
    assert play.cues == ["hung_up"]
    play.wait_until(play.now_s + 10.0)
    assert play.cues == ["hung_up"]


def test_the_making_of_a_session_can_be_ended_too() -> None:
    play = Play.booted()
    play(StartAsked())
    play(StopAsked())
    assert play.cues == ["hung_up"]
    play(StopAsked())
    assert play.cues == ["hung_up"], "there was nothing to end"


def test_so_can_the_wish_for_one() -> None:
    play = Play.booted()
    play(StartAsked())
    fails(play)
    play(StopAsked())
    assert play.cues == ["cannot_connect", "hung_up"]


def test_the_last_words_of_a_bot_come_first() -> None:
    play = ready()
    play(BotLeft(1))
    assert play.cues == []
    play(DeviceChanged(Device.SPEAKER, DeviceState.CLOSED))
    assert play.cues == ["hung_up"]


def test_also_where_the_transport_ends_by_itself() -> None:
    play = ready(disconnect_on_bot_disconnect=False)
    play(BotLeft(1))
    assert play.cues == []
    fails(play, Failure(Kind.LINK, "the connection ended"))
    assert play.cues == ["hung_up"]


def test_what_is_made_again_is_not_hung_up() -> None:
    play = ready(keep_always=True, max_session_s=100.0)
    play.wait_until(play.now_s + 110.0)
    assert play.cues == []


def test_a_press_starts_anew_without_a_word_of_the_end() -> None:
    play = ready()
    play(BotLeft(1))
    pressed(play)
    assert play.cues == []


def test_nor_where_the_microphone_was_still_open_when_it_ended() -> None:
    play = ready(open=True)
    play(MICROPHONE_OPEN)
    play(StopAsked())
    released(pressed(play))
    assert play.cues == []


def test_muted_is_told_and_a_press_in_vain_too() -> None:
    play = pressed(ready())
    play(MuteAsked(True))
    assert play.cues == []
    play(MICROPHONE_CLOSED)
    assert play.cues == ["muted"]
    play(RELEASE)
    play(PRESS, after_s=1.0)
    assert play.cues == ["muted", "muted"]
    play(MuteAsked(False))
    assert play.cues == ["muted", "muted"]


def test_muted_behind_the_gate_it_waits_for_the_microphone_too() -> None:
    play = ready(open=True)
    play(MICROPHONE_OPEN)
    play(MuteAsked(True))
    assert play.cues == []
    play(MICROPHONE_CLOSED)
    assert play.cues == ["muted"]


def test_unmuted_before_it_could_be_told_it_is_not() -> None:
    play = ready(open=True)
    play(MICROPHONE_OPEN)
    play(MuteAsked(True))
    play(MuteAsked(False))
    assert play.cues == []


def test_the_end_of_the_process_is_silent() -> None:
    play = ready()
    play(ShutdownAsked())
    assert play.cues == []


def test_a_session_that_is_made_is_not_told_of() -> None:
    play = Play.booted()
    play(StartAsked())
    play.runner_answers()
    play(Connected(1))
    assert play.cues == []
