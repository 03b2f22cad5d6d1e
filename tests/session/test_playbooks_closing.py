"""The end of a turn as the documentation tells it: the tail, who is still speaking in it, and a hang-up."""

from __future__ import annotations

from appliance.session.effects import (
    CloseLink,
    CloseMicrophone,
    CloseSpeaker,
    DropWords,
    EndTurn,
    Exit,
    FeedSilence,
    HoldWords,
    LeavePolitely,
    MuteSpeaker,
    OpenMicrophone,
    OpenSpeaker,
    ReportEnd,
    SendTurn,
    SilenceSpeaker,
    StartBot,
)
from appliance.session.events import (
    BotLeft,
    BotStarted,
    ButtonPressed,
    ButtonReleased,
    Connected,
    Event,
    OfferAnswered,
    Role,
    ShutdownAsked,
    StartAsked,
    StopAsked,
    TurnDelivered,
    UserSpeaking,
    VoiceHeard,
)
from appliance.session.policy import LAST_WORDS_S
from tests.session.play import REPLY, Play

PRESS, RELEASE = ButtonPressed("talk", Role.TALK), ButtonReleased("talk", Role.TALK)
END = ButtonPressed("end", Role.SESSION)
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


# --- a hang-up in a turn


def hung_up(event: Event, *, after_s: float = 1.0) -> Play:
    play = speaking()
    assert play(event, after_s=after_s) == (
        CloseMicrophone(),
        ReportEnd("asked to stop" if isinstance(event, StopAsked) else "the session button was pressed"),
        CloseSpeaker(drain=False),
        EndTurn(1),
        MuteSpeaker(False),
    )
    assert (play.transport_state, turn(play)) == ("disconnecting", "closing")
    return play


def test_a_hang_up_delivers_what_was_said_until_then_and_stop_before_the_farewell() -> None:
    play = hung_up(END)
    assert play(TurnDelivered(1), after_s=0.1) == (HoldWords(), SendTurn(1, "stop"), DropWords(), LeavePolitely(1))
    assert play(BotLeft(1), after_s=2.0) == (CloseLink(1), CloseSpeaker(drain=False))
    assert play.transport_state == "disconnected"


def test_a_backlog_that_takes_too_long_is_dropped_with_a_sign() -> None:
    play = hung_up(END)
    began_s = play.now_s
    assert play.wait() == (HoldWords(), SendTurn(1, "stop"), DropWords(), LeavePolitely(1))
    assert round(play.now_s - began_s, 6) == LAST_WORDS_S
    play.wait()
    assert play.transport_state == "disconnected", "and a bot that does not answer ends nothing later than it would"
    assert round(play.now_s - began_s, 6) == LAST_WORDS_S + play.policy.leave_timeout_s


def test_a_hang_up_behind_the_release_waits_for_the_turn_that_is_on_its_way() -> None:
    play = speaking()
    play(RELEASE, after_s=1.0)
    play(VoiceHeard(False))
    play.wait()
    assert turn(play) == "closing"
    assert EndTurn(1) not in play(StopAsked())
    assert play(TurnDelivered(1), after_s=0.1) == (HoldWords(), SendTurn(1, "stop"), DropWords(), LeavePolitely(1))


def test_to_ask_twice_loses_nothing() -> None:
    play = hung_up(StopAsked())
    assert play(StopAsked(), after_s=0.01) == ()
    assert LeavePolitely(1) in play(TurnDelivered(1), after_s=0.1)


def test_a_process_that_must_end_says_its_last_words_within_its_time() -> None:
    play = speaking()
    play(ShutdownAsked())
    play.wait()
    assert play(BotLeft(1), after_s=2.05)[-1] == Exit()
    assert play.now_s <= 0.1 + 3.2
    play = speaking()
    play(ShutdownAsked())
    assert Exit() in play(ShutdownAsked()), "a second time it ends at once"


def test_a_press_in_the_farewell_begins_anew_and_without_the_old_words() -> None:
    play = hung_up(END)
    play(RELEASE)
    assert play(PRESS, after_s=0.2) == (
        DropWords(),
        OpenMicrophone(2),
        HoldWords(),
        MuteSpeaker(True),
        SilenceSpeaker(),
        CloseLink(1),
        CloseSpeaker(drain=False),
        OpenSpeaker(),
        StartBot(2),
    )


def test_a_bot_that_leaves_in_the_farewell_ends_it() -> None:
    play = hung_up(END)
    assert play(BotLeft(1)) == (HoldWords(), DropWords(), CloseLink(1), CloseSpeaker(drain=False))
    assert play.transport_state == "disconnected"


def test_before_a_bot_is_ready_there_is_nobody_to_hear_last_words() -> None:
    play = Play.booted()
    play(PRESS)
    assert DropWords() in play(StopAsked(), after_s=0.5)
    assert turn(play) == "none"


def test_a_tap_that_hangs_up_has_no_words() -> None:
    play = Play.booted()
    play(StartAsked())
    play.runner_answers()
    play(ButtonPressed("both", Role.COMBINED))
    effects = play(ButtonReleased("both", Role.COMBINED), after_s=0.1)
    assert LeavePolitely(1) in effects and DropWords() in effects


def test_words_dropped_in_the_moment_of_a_press_do_not_take_its_turn_along() -> None:
    """The bot's time to be ready ends while a timer is late, and a press comes before it."""
    play = Play.booted()
    play(PRESS)
    play(BotStarted(1, REPLY))
    play(OfferAnswered(1))
    play(Connected(1))
    play(RELEASE, after_s=19.9)
    assert turn(play) == "tail"
    effects = play(PRESS, after_s=0.15)
    assert [effect for effect in effects if isinstance(effect, DropWords | OpenMicrophone)] == [
        DropWords(),
        OpenMicrophone(2),
    ]


# --- a bot that is still in the turn


def test_silence_is_fed_for_as_long_as_the_bot_is_in_the_turn_by_its_own_account() -> None:
    play = speaking()
    assert play(UserSpeaking(1, True)) == (FeedSilence(True),)
    play(VoiceHeard(False))
    play(RELEASE, after_s=1.0)
    play.wait()
    play(TurnDelivered(1), after_s=0.1)
    assert play(UserSpeaking(1, True)) == ()
    assert play(UserSpeaking(1, False), after_s=0.5) == (FeedSilence(False),)


def test_nothing_is_fed_to_a_bot_that_is_gone() -> None:
    play = speaking()
    play(UserSpeaking(1, True))
    assert FeedSilence(False) in play(BotLeft(1))
