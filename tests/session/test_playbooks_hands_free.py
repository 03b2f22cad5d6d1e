"""Combined buttons, mute, and hands-free sessions: what happens, and what is done about it."""

from __future__ import annotations

from appliance.session.effects import (
    CloseMicrophone,
    CloseSpeaker,
    DeliverWords,
    DropWords,
    EndTurn,
    HoldWords,
    LeavePolitely,
    Listen,
    MuteSpeaker,
    OpenMicrophone,
    OpenSpeaker,
    ReportEnd,
    SendTurn,
    SilenceSpeaker,
    StartBot,
)
from appliance.session.events import (
    AttemptFailed,
    BotLeft,
    BotReady,
    BotStarted,
    ButtonPressed,
    ButtonReleased,
    Connected,
    GateOpened,
    MuteAsked,
    OfferAnswered,
    Role,
    StartAsked,
    StopAsked,
    TimePassed,
    TurnDelivered,
)
from appliance.session.state import Turn
from tests.session.play import REPLY, Play
from tests.session.test_playbooks import AWAY, MICROPHONE_OPEN, PRESS, RELEASE, light, ready

DOWN, UP = ButtonPressed("one", Role.COMBINED), ButtonReleased("one", Role.COMBINED)
MUTE = ButtonPressed("mute", Role.MUTE)


def tap(play: Play) -> None:
    play(DOWN)
    play(UP, after_s=0.15)


class TestCombined:
    def test_a_hold_talks_as_a_talk_button_does(self) -> None:
        play = Play.booted()
        assert play(DOWN) == (OpenMicrophone(1), OpenSpeaker(), StartBot(1))
        play.runner_answers()
        assert not play.state.talk.told, "it may yet be a tap"
        assert play(TimePassed(), after_s=0.3) == (
            MuteSpeaker(True),
            SilenceSpeaker(),
            SendTurn(1, "start"),
            DeliverWords(1),
        )
        play(UP, after_s=2.0)
        assert play(TimePassed(), after_s=0.3) == (CloseMicrophone(), EndTurn(1), MuteSpeaker(False))
        assert play(TurnDelivered(1)) == (SendTurn(1, "stop"),)

    def test_a_tap_starts_a_session_that_goes_on_hands_free(self) -> None:
        play = Play.booted()
        play(DOWN)
        assert play(UP, after_s=0.2) == (Listen(keep=True), DropWords())
        play.runner_answers()
        assert play.world.delivering and play.world.gated
        play(MICROPHONE_OPEN)
        assert light(play) == "listening"

    def test_a_tap_in_a_session_disconnects_and_the_bot_never_hears_of_the_press(self) -> None:
        play = ready()
        assert play(DOWN, after_s=1.0) == (OpenMicrophone(1), HoldWords())
        assert play(UP, after_s=0.29) == (
            CloseMicrophone(),
            DropWords(),
            ReportEnd("the button was tapped"),
            CloseSpeaker(drain=False),
            LeavePolitely(1),
        )

    def test_a_hold_in_a_session_interrupts_after_300_ms_and_its_words_are_whole(self) -> None:
        play = ready()
        play(DOWN)
        assert SilenceSpeaker() not in play(TimePassed(), after_s=0.29)
        effects = play(TimePassed(), after_s=0.01)
        assert effects == (MuteSpeaker(True), SilenceSpeaker(), SendTurn(1, "start"), DeliverWords(1))

    def test_a_tap_while_retrying_stops_wanting_and_a_hold_dials_now(self) -> None:
        for held_s, attempts, wanted in ((0.1, 1, False), (0.3, 2, True)):
            play = Play.booted(first_wait_s=20.0)
            play(StartAsked())
            play(AttemptFailed(1, AWAY))
            play(DOWN, after_s=3.0)
            assert play.attempt == 1
            play(UP if held_s < 0.3 else TimePassed(), after_s=held_s)
            assert (play.attempt, play.state.recovery.wanted) == (attempts, wanted)

    def test_held_in_a_hands_free_session_it_bypasses_the_gate_and_returns_to_it(self) -> None:
        play = Play.booted()
        tap(play)
        play.runner_answers()
        play(DOWN, after_s=1.0)
        play(TimePassed(), after_s=0.3)
        assert play.state.talk.told
        play(UP, after_s=1.0)
        assert play(TimePassed(), after_s=0.3) == (Listen(keep=True), EndTurn(2), MuteSpeaker(False))

    def test_a_press_that_continues_a_turn_and_is_a_tap_closes_it_at_the_bot(self) -> None:
        play = ready()
        play(PRESS)
        play(RELEASE, after_s=1.0)
        play(DOWN, after_s=0.1)
        assert SendTurn(1, "stop") in play(UP, after_s=0.1)


class TestMute:
    def test_it_closes_the_microphone_in_mid_word_and_the_turn_with_it(self) -> None:
        play = ready()
        play(PRESS)
        assert play(MUTE, after_s=1.0) == (CloseMicrophone(), EndTurn(1), MuteSpeaker(False))
        play(TurnDelivered(1))
        assert light(play) == "muted"
        play(RELEASE)
        assert play(MUTE) == ()
        assert light(play) == "thinking"

    def test_a_talk_press_while_muted_does_nothing(self) -> None:
        play = Play.booted()
        play(MuteAsked(True))
        assert play(PRESS) == ()
        play(MuteAsked(False))
        assert play.state.talk.turn is Turn.NONE, "a button still held opens nothing by itself"

    def test_taps_still_start_and_disconnect(self) -> None:
        play = Play.booted()
        play(MUTE)
        assert play(DOWN) == ()
        assert play(UP, after_s=0.1) == (OpenSpeaker(), StartBot(1))
        play.runner_answers()
        assert play.state.talk.hands_free and not play.world.microphone
        assert play(MUTE) == (Listen(keep=True),)
        play(MUTE)
        tap(play)
        assert play.transport_state == "disconnecting"

    def test_a_hold_while_muted_does_nothing(self) -> None:
        play = Play.booted()
        play(MUTE)
        play(DOWN)
        assert play(TimePassed(), after_s=1.0) == ()
        assert play.transport_state == "idle"


class TestOpenMode:
    def test_the_microphone_is_open_for_as_long_as_a_session_is_wanted(self) -> None:
        play = Play.booted(open=True, idle_hang_up_s=0.0)
        assert play(StartAsked())[0] == Listen(keep=True)
        play.runner_answers()
        assert Listen(keep=False) in play(AttemptFailed(1, AWAY)), "between attempts nothing is kept"
        play(MICROPHONE_OPEN)
        assert light(play) == "retrying"
        assert play.wait()[0] == Listen(keep=True)
        attempt = play.attempt
        play.runner_answers()
        assert light(play) == "listening"
        play(BotLeft(attempt))
        assert not play.world.microphone

    def test_a_held_button_is_a_turn(self) -> None:
        play = Play.booted(open=True)
        play(StartAsked())
        play.runner_answers()
        assert play(PRESS) == (OpenMicrophone(1), MuteSpeaker(True), SilenceSpeaker(), SendTurn(1, "start"))
        play(RELEASE, after_s=1.0)
        assert play(TimePassed(), after_s=0.3) == (Listen(keep=True), EndTurn(1), MuteSpeaker(False))

    def test_a_press_starts_the_session_and_the_microphone_stays_open_behind_it(self) -> None:
        play = Play.booted(open=True)
        play(PRESS)
        play(RELEASE, after_s=0.5)
        assert play(TimePassed(), after_s=0.3)[0] == Listen(keep=True)
        play(BotReady(1, "2.2.0"))


def test_a_turn_from_before_is_told_though_a_muted_press_was_undecided_when_the_bot_came() -> None:
    play = Play.booted()
    play(PRESS)
    play(MuteAsked(True), after_s=0.5)
    play(RELEASE)
    for event in (BotStarted(1, REPLY), OfferAnswered(1), Connected(1)):
        play(event)
    play(DOWN)
    assert DeliverWords(1) not in play(BotReady(1, "2.2.0"), after_s=0.1)
    assert play.wait() == (SendTurn(1, "start"), DeliverWords(1))


def test_words_said_hands_free_reach_no_later_session() -> None:
    play = Play.booted()
    tap(play)
    play(GateOpened(True), after_s=1.0)
    assert DropWords() in play(StopAsked(), after_s=1.0)
