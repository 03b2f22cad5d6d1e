"""The end of a turn as the documentation tells it: the tail, and who is still speaking in it."""

from __future__ import annotations

from appliance.session.effects import CloseMicrophone, EndTurn, MuteSpeaker
from appliance.session.events import (
    ButtonPressed,
    ButtonReleased,
    Role,
    StartAsked,
    VoiceHeard,
)
from tests.session.play import Play

PRESS, RELEASE = ButtonPressed("talk", Role.TALK), ButtonReleased("talk", Role.TALK)
CLOSING = (CloseMicrophone(), EndTurn(1), MuteSpeaker(False))


def speaking(**policy: object) -> Play:
    """In a session, a button down, a voice in the microphone."""
    play = Play.booted(**policy)
    play(StartAsked())
    play.runner_answers()
    play(PRESS)
    play(VoiceHeard(True), after_s=0.1)
    return play


def turn(play: Play) -> str:
    return play.state.talk.turn.value


def test_who_has_fallen_silent_before_the_release_is_not_waited_for() -> None:
    play = speaking()
    play(VoiceHeard(False), after_s=1.0)
    play(RELEASE, after_s=0.1)
    began_s = play.now_s
    assert play.wait() == CLOSING
    assert round(play.now_s - began_s, 6) == 0.3


def test_who_is_still_speaking_ends_the_tail_by_falling_silent() -> None:
    play = speaking()
    play(RELEASE, after_s=1.0)
    play.wait_until(play.now_s + 0.5)
    assert turn(play) == "tail", "past the tail of who is silent"
    assert play(VoiceHeard(False), after_s=0.1) == CLOSING


def test_who_falls_silent_within_the_tail_has_it_whole() -> None:
    play = speaking()
    play(RELEASE, after_s=1.0)
    assert play(VoiceHeard(False), after_s=0.1) == ()
    began_s = play.now_s
    assert play.wait() == CLOSING
    assert round(play.now_s - began_s, 6) == 0.2


def test_who_goes_on_and_on_is_cut_off() -> None:
    play = speaking()
    play(RELEASE, after_s=1.0)
    began_s = play.now_s
    assert play.wait() == CLOSING
    assert round(play.now_s - began_s, 6) == 1.0


def test_the_tail_need_not_wait_for_anybody() -> None:
    play = speaking(release_tail_max_s=0.0)
    play(RELEASE, after_s=1.0)
    began_s = play.now_s
    assert play.wait() == CLOSING
    assert round(play.now_s - began_s, 6) == 0.3


def test_each_turn_hears_anew() -> None:
    play = speaking()
    play(RELEASE, after_s=1.0)
    play(PRESS, after_s=0.1)
    play(RELEASE, after_s=0.1)
    began_s = play.now_s
    play.wait()
    assert (turn(play), round(play.now_s - began_s, 6)) == ("closing", 0.3)
    play(VoiceHeard(True))
    assert not play.state.talk.voice, "too late to mean anything"
