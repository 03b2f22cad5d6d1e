"""The life cycle as the documentation tells it: what happens, and what is done about it."""

from __future__ import annotations

import pytest

from appliance.session.effects import (
    CloseLink,
    CloseMicrophone,
    CloseSpeaker,
    Connect,
    DeliverWords,
    DropWords,
    EndTurn,
    Exit,
    HoldWords,
    LeavePolitely,
    MuteSpeaker,
    OpenMicrophone,
    OpenSpeaker,
    ReportEnd,
    ReportError,
    SendTurn,
    SilenceSpeaker,
    StartBot,
)
from appliance.session.events import (
    AttemptFailed,
    BotAudible,
    BotError,
    BotInterrupted,
    BotLeft,
    BotReady,
    BotSpeaking,
    BotStarted,
    ButtonPressed,
    ButtonReleased,
    ConnectAsked,
    Connected,
    Device,
    DeviceChanged,
    DeviceState,
    Event,
    OfferAnswered,
    Role,
    ShutdownAsked,
    StartAsked,
    StopAsked,
    TimePassed,
    TurnDelivered,
    WordsLost,
)
from appliance.session.failure import Failure, Kind
from appliance.session.indicator import Meaning, meaning
from appliance.session.lifecycle import TransportState
from tests.session.play import REPLY, Play

PRESS, RELEASE = ButtonPressed("talk", Role.TALK), ButtonReleased("talk", Role.TALK)
TAP = ButtonPressed("end", Role.SESSION)
AWAY = Failure(Kind.UNREACHABLE, "no answer from the runner")
MICROPHONE_OPEN = DeviceChanged(Device.MICROPHONE, DeviceState.OK)
MICROPHONE_CLOSED = DeviceChanged(Device.MICROPHONE, DeviceState.CLOSED)


def light(play: Play) -> str:
    return meaning(play.state, play.policy, play.now_s).value


def turn(play: Play) -> str:
    return play.state.talk.turn.value


def phase(play: Play) -> str:
    return play.state.recovery.phase.value


def ready(**policy: object) -> Play:
    """In a session that a script asked for, nothing said yet."""
    play = Play.booted(**policy)
    play(StartAsked())
    play.runner_answers()
    assert play.transport_state == "ready"
    return play


def test_press_speak_release_hear_and_hang_up() -> None:
    play = Play.booted()
    assert light(play) == "idle"
    assert play(PRESS) == (
        OpenMicrophone(1),
        MuteSpeaker(True),
        SilenceSpeaker(),
        OpenSpeaker(),
        StartBot(1),
    )
    play(MICROPHONE_OPEN)
    assert light(play) == "listening"
    assert play(BotStarted(1, REPLY)) == (Connect(1, REPLY),)
    assert play(OfferAnswered(1)) == ()
    assert play(Connected(1)) == ()
    assert light(play) == "listening"
    assert play(BotReady(1, "2.2.0")) == (SendTurn(1, "start"), DeliverWords(1))

    assert play(RELEASE, after_s=2.0) == ()
    assert light(play) == "listening"
    assert play(TimePassed(), after_s=0.3) == (CloseMicrophone(), EndTurn(1), MuteSpeaker(False))
    play(MICROPHONE_CLOSED)
    assert light(play) == "thinking"
    assert play(TurnDelivered(1), after_s=0.2) == (SendTurn(1, "stop"),)
    play(BotSpeaking(1, True), after_s=0.5)
    play(BotAudible(True), after_s=0.1)
    assert light(play) == "speaking"
    play(BotSpeaking(1, False), after_s=1.0)
    play(BotAudible(False))
    assert light(play) == "ready"

    assert play(TAP, after_s=3.0) == (
        HoldWords(),
        ReportEnd("the session button was pressed"),
        CloseSpeaker(drain=False),
        LeavePolitely(1),
    )
    assert play(BotLeft(1), after_s=2.05) == (CloseLink(1), CloseSpeaker(drain=False))
    assert light(play) == "idle"
    assert play.entered == [
        "authenticating",
        "authenticated",
        "connecting",
        "connected",
        "ready",
        "disconnecting",
        "disconnected",
    ]


def test_the_same_appliance_starts_again_and_again() -> None:
    play = Play.booted()
    for attempt in range(1, 101):
        play(StartAsked(), after_s=2.0)
        play.runner_answers()
        assert (play.transport_state, play.attempt) == ("ready", attempt)
        play(StopAsked())
        play(BotLeft(attempt), after_s=2.0)
        assert play.transport_state == "disconnected"


def test_start_then_connect_waits_for_the_request_and_keeps_the_reply() -> None:
    play = Play.booted(start="start-then-connect", connect_by="request")
    play(StartAsked())
    assert play(BotStarted(1, REPLY)) == ()
    assert play.transport_state == "authenticated"
    assert play.state.link.reply == REPLY
    assert play(ConnectAsked()) == (Connect(1, REPLY),)


def test_connect_with_changed_parameters() -> None:
    play = Play.booted(start="start-then-connect", connect_by="request")
    play(StartAsked())
    play(BotStarted(1, REPLY))
    assert play(ConnectAsked({"sessionId": "s2"})) == (Connect(1, {"sessionId": "s2"}),)


def test_start_then_connect_by_itself() -> None:
    play = Play.booted(start="start-then-connect")
    play(StartAsked())
    assert play(BotStarted(1, REPLY)) == (Connect(1, REPLY),)


def test_connect_with_direct_parameters_begins_at_connecting() -> None:
    play = Play.booted(start="connect")
    assert play(StartAsked())[-1] == Connect(1, None)
    assert play.entered == ["connecting"]


@pytest.mark.parametrize("early", [BotReady(1, "2.2.0"), Connected(1), BotReady(0, "2.2.0"), OfferAnswered(1)])
def test_ready_never_comes_early(early: BotReady | Connected | OfferAnswered) -> None:
    play = Play.booted()
    play(StartAsked())
    play(early)
    assert play.transport_state == "authenticating"


@pytest.mark.parametrize(
    ("reached", "waits_s", "says"),
    [
        ([], 30.0, "start request within 30 s"),
        ([BotStarted(1, REPLY)], 15.0, "offer within 15 s"),
        ([BotStarted(1, REPLY), OfferAnswered(1)], 15.0, "no connection to the bot within 15 s"),
        ([BotStarted(1, REPLY), OfferAnswered(1), Connected(1)], 20.0, "not ready within 20 s"),
    ],
)
def test_every_phase_has_a_deadline(reached: list[Event], waits_s: float, says: str) -> None:
    play = Play.booted()
    play(StartAsked())
    for event in reached:
        play(event)
    play.wait_until(waits_s - 0.001)
    error, *closing = play.wait()
    assert play.now_s == waits_s
    assert isinstance(error, ReportError) and says in error.message and error.fatal and error.source == "start"
    assert closing == [CloseLink(1), CloseSpeaker(drain=True)]
    assert play.transport_state == "disconnected"
    assert light(play) == "retrying"


def test_a_failed_start_ends_the_attempt_and_is_retried_with_growing_waits() -> None:
    play = Play.booted(idle_hang_up_s=0.0)
    play(StartAsked())
    waits = []
    for attempt in range(1, 12):
        play(AttemptFailed(attempt, AWAY))
        before_s = play.now_s
        assert play.wait()[-1] == StartBot(attempt + 1)
        waits.append(round(play.now_s - before_s, 3))
    assert waits == sorted(waits)
    assert waits[:4] == [1.0, 1.125, 1.688, 2.25]  # 0.75 of 1, 1.5, 2.25 and 3; the first lifted to least_gap_s
    assert waits[-1] == 28.5  # 0.95 of longest_wait_s


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_refusal_waits_for_a_person(status: int) -> None:
    play = Play.booted()
    play(StartAsked())
    play(AttemptFailed(1, Failure(Kind.STATUS, f"refused with {status}", status)))
    assert (phase(play), play.state.recovery.wanted) == ("given-up", False)
    assert light(play) == "given-up"
    play.wait_until(3600)
    assert play.attempt == 1
    assert StartBot(2) in play(StartAsked())
    assert light(play) == "connecting"


def test_a_refusal_is_tried_again_after_the_longest_wait_when_kept_always() -> None:
    play = Play.booted(keep_always=True)
    play(AttemptFailed(1, Failure(Kind.STATUS, "refused", 403)))
    play.wait_until(29.9)
    assert play.attempt == 1
    play.wait_until(30.0)
    assert play.attempt == 2


@pytest.mark.parametrize("kind", [Kind.NETWORK, Kind.CLOCK])
def test_what_is_missing_here_is_waited_for_by_name_and_tried_again(kind: Kind) -> None:
    play = Play.booted()
    play(StartAsked())
    play(AttemptFailed(1, Failure(kind, "missing")))
    assert (phase(play), play.state.recovery.waiting_for, light(play)) == ("waiting", kind.value, "waiting")
    assert play.wait()[-1] == StartBot(2)
    assert (phase(play), play.state.recovery.waiting_for) == ("none", None)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(status: int) -> None:
    play = Play.booted()
    play(StartAsked())
    play(AttemptFailed(1, Failure(Kind.STATUS, "busy", status, retry_after_s=17.0)))
    assert play.wait()[-1] == StartBot(2)
    assert play.now_s == 17.0


def test_a_stable_session_clears_the_count() -> None:
    play = Play.booted()
    play(StartAsked())
    for attempt in (1, 2, 3):
        play(AttemptFailed(attempt, AWAY))
        play.wait()
    play.runner_answers()
    assert play.state.recovery.count == 3
    assert play.state.recovery.reason is None
    play(BotSpeaking(4, True))
    play.wait_until(play.now_s + 30.0)
    assert play.state.recovery.count == 0


def test_attempts_max_gives_up() -> None:
    play = Play.booted(attempts_max=2)
    play(StartAsked())
    play(AttemptFailed(1, AWAY))
    play.wait()
    play(AttemptFailed(2, AWAY))
    assert phase(play) == "given-up"
    play(StartAsked(), after_s=5)
    play(AttemptFailed(3, AWAY))
    assert phase(play) == "retrying", "a person's start begins afresh"


def test_two_dials_are_never_closer_than_the_least_gap() -> None:
    play = Play.booted(least_gap_s=5.0)
    play(StartAsked())
    play(AttemptFailed(1, AWAY), after_s=0.1)
    assert StartBot(2) not in play(PRESS)
    assert light(play) == "retrying"
    assert play.wait()[-1] == StartBot(2)
    assert play.now_s == 5.0


def test_a_talk_press_while_retrying_dials_now() -> None:
    play = Play.booted(first_wait_s=20.0)
    play(StartAsked())
    play(AttemptFailed(1, AWAY))
    assert StartBot(2) in play(PRESS, after_s=2.0)


def test_a_session_press_while_retrying_stops_wanting() -> None:
    play = Play.booted()
    play(StartAsked())
    play(AttemptFailed(1, AWAY))
    play(TAP, after_s=0.1)
    assert not play.state.recovery.wanted
    assert light(play) == "idle"


def test_a_fatal_error_ends_the_session_and_clears_it_up() -> None:
    play = ready()
    play(PRESS)
    play(RELEASE, after_s=0.1)
    assert play(BotError(1, "out of memory", fatal=True), after_s=0.1) == (
        CloseMicrophone(),
        HoldWords(),
        ReportError("bot", "the bot failed: out of memory", fatal=True),
        CloseLink(1),
        CloseSpeaker(drain=True),
        DropWords(),
        MuteSpeaker(False),
    )
    assert (play.transport_state, light(play)) == ("disconnected", "retrying")
    assert turn(play) == "none"


def test_a_non_fatal_error_is_reported_and_the_session_goes_on() -> None:
    play = ready()
    assert play(BotError(1, "no such voice", fatal=False)) == (ReportError("bot", "no such voice", fatal=False),)
    assert play.transport_state == "ready"


def test_the_one_non_fatal_error_that_is_final_makes_a_new_session() -> None:
    play = ready()
    text = "timed out after 10.0s writing audio to the transport; the peer has stopped reading"
    play(BotError(1, text, fatal=False))
    assert play.transport_state == "disconnected"
    assert play.wait()[-1] == StartBot(2)


def test_the_bot_ends_the_session_and_its_last_words_are_played() -> None:
    play = ready()
    play(DeviceChanged(Device.SPEAKER, DeviceState.OK))
    effects = play(BotLeft(1))
    assert effects[-2:] == (CloseLink(1), CloseSpeaker(drain=True))
    assert play.transport_state == "disconnecting"
    play(DeviceChanged(Device.SPEAKER, DeviceState.CLOSED), after_s=0.1)
    assert play.transport_state == "disconnected"
    assert not play.state.recovery.wanted
    play.wait_until(600.0)
    assert play.attempt == 1


def test_the_bot_ends_and_the_transport_ends_by_itself() -> None:
    play = ready(disconnect_on_bot_disconnect=False)
    play(BotLeft(1))
    assert (play.transport_state, play.state.link.bot_gone) == ("ready", True)
    play(AttemptFailed(1, Failure(Kind.LINK, "closed")), after_s=0.5)
    assert (play.transport_state, phase(play)) == ("disconnected", "none")


def test_a_transport_that_never_ends_behind_its_bot_is_ended() -> None:
    play = ready(disconnect_on_bot_disconnect=False)
    play(BotLeft(1))
    play.wait_until(35.0)
    assert play.transport_state == "disconnected"


def test_kept_always_it_starts_at_boot_and_again_after_the_bot_left() -> None:
    play = Play.booted(keep_always=True)
    assert play.transport_state == "authenticating"
    play.runner_answers()
    play.wait_until(1000.0)
    assert play.transport_state == "ready", "nobody uses it, and it stays"
    play(BotLeft(1))
    play.wait()
    assert play.transport_state == "disconnected"
    assert play.wait()[-1] == StartBot(2)
    play(StopAsked())
    play.wait_until(5000.0)
    assert play.attempt == 2, "a person's disconnect holds"


@pytest.mark.parametrize("how_far", range(4))
def test_a_stop_while_the_session_is_being_made(how_far: int) -> None:
    play = Play.booted()
    play(PRESS)
    made: list[Event] = [BotStarted(1, REPLY), OfferAnswered(1), Connected(1)]
    for event in made[:how_far]:
        play(event)
    effects = play(StopAsked())
    assert DropWords() in effects
    if how_far == 0:
        assert play.transport_state == "disconnected" and CloseLink(1) in effects
    else:
        assert play.transport_state == "disconnecting" and LeavePolitely(1) in effects
        play(BotLeft(1), after_s=1.0)
    assert play.transport_state == "disconnected"
    play(RELEASE)
    play(PRESS, after_s=5)
    assert play.attempt == 2


def test_a_press_in_disconnecting_ends_it_at_once_and_starts_anew() -> None:
    play = ready()
    play(TAP, after_s=5.0)
    effects = play(PRESS, after_s=0.1)
    assert effects.index(CloseLink(1)) < effects.index(StartBot(2))
    assert effects[0] == OpenMicrophone(1)


def test_idle_hang_up_counts_from_the_last_use() -> None:
    play = ready()
    play(BotSpeaking(1, True), after_s=50.0)
    play.wait_until(200.0)
    assert play.transport_state == "ready", "the bot speaks"
    play(BotSpeaking(1, False))
    play.wait_until(259.9)
    assert play.transport_state == "ready"
    play.wait_until(260.0)
    assert play.transport_state == "disconnecting"


def test_idle_hang_up_ends_retrying_too() -> None:
    play = Play.booted()
    play(StartAsked())
    while play.state.recovery.wanted:
        if play.transport_state == "authenticating":
            play(AttemptFailed(play.attempt, AWAY))
        play.wait()
    assert play.now_s == 60.0
    assert light(play) == "idle"


def test_max_session() -> None:
    play = ready(max_session_s=90.0)
    play(BotSpeaking(1, True))
    play.wait_until(90.0)
    assert (play.transport_state, play.state.recovery.wanted) == ("disconnecting", False)


def renewed_at(play: Play) -> float:
    """When the session was ended to be made anew; it is made anew at once."""
    while play.transport_state == "ready":
        play.wait()
    ended_s = play.now_s
    assert play.state.recovery.wanted
    while play.transport_state != "authenticating":
        play.wait()
    assert play.now_s - ended_s < 5.0
    return ended_s


def test_a_session_that_is_kept_always_is_made_anew_in_a_silence_before_its_limit() -> None:
    assert renewed_at(ready(keep_always=True, max_session_s=1000.0)) == 900.0
    assert renewed_at(ready(keep_always=True, max_session_s=7200.0)) == 6900.0


def test_who_speaks_when_it_is_due_is_let_finish() -> None:
    play = ready(keep_always=True, max_session_s=1000.0)
    play.wait_until(890.0)
    play(BotSpeaking(1, True))
    play(BotAudible(True))
    play(BotSpeaking(1, False), after_s=20.0)
    play.wait_until(930.0)
    assert play.transport_state == "ready", "what is still heard is not cut off"
    play(BotAudible(False))
    play(PRESS)
    play(RELEASE, after_s=10.0)
    play.wait()
    play(TurnDelivered(play.state.talk.number), after_s=0.2)
    done_s = play.now_s
    assert renewed_at(play) == pytest.approx(done_s + 5.0)


def test_who_never_stops_is_cut_off_at_the_limit() -> None:
    play = ready(keep_always=True, max_session_s=1000.0)
    play(BotSpeaking(1, True), after_s=1.0)
    assert renewed_at(play) == 1000.0


def test_words_of_a_held_press_outlive_a_failed_attempt() -> None:
    play = Play.booted()
    play(PRESS)
    assert DropWords() not in play(AttemptFailed(1, AWAY), after_s=0.5)
    play(MICROPHONE_OPEN)
    assert light(play) == "listening"
    play.wait()
    play.runner_answers()
    assert play.state.talk.told


def test_words_of_a_released_press_die_with_the_attempt_and_are_seen_to() -> None:
    play = Play.booted()
    play(PRESS)
    play(RELEASE, after_s=0.5)
    play.wait()
    assert DropWords() in play(AttemptFailed(1, AWAY))
    play(WordsLost(800))
    assert light(play) == "lost"
    play.wait_until(play.now_s + 2.0)
    assert light(play) != "lost"
    play.wait()
    play.runner_answers()
    assert not play.state.talk.told, "no turn is opened for words that are gone"


def test_released_before_ready_the_turn_is_delivered_after_it() -> None:
    play = Play.booted()
    play(PRESS)
    play(RELEASE, after_s=0.2)
    play.wait()
    attempt = play.attempt
    for event in (BotStarted(attempt, REPLY), OfferAnswered(attempt), Connected(attempt)):
        assert SendTurn(1, "start") not in play(event)
    assert play(BotReady(1, "2.2.0")) == (SendTurn(1, "start"), DeliverWords(1))
    assert play(TurnDelivered(1)) == (SendTurn(1, "stop"),)


def test_a_second_press_before_the_stop_continues_the_turn() -> None:
    play = ready()
    play(PRESS)
    play(RELEASE, after_s=1.0)
    play.wait()
    assert play(PRESS) == (OpenMicrophone(2), MuteSpeaker(True), SilenceSpeaker())
    assert play(TurnDelivered(1)) == (), "the turn it meant goes on"
    play(RELEASE, after_s=1.0)
    play.wait()
    assert play(TurnDelivered(2)) == (SendTurn(1, "stop"),)


def test_two_talk_buttons_are_held_while_any_is() -> None:
    play = ready()
    play(PRESS)
    assert play(ButtonPressed("pedal", Role.TALK)) == ()
    play(RELEASE)
    assert turn(play) == "open"
    play(ButtonReleased("pedal", Role.TALK))
    assert turn(play) == "tail"


def test_toggle_opens_with_one_press_and_closes_with_the_next() -> None:
    play = ready(toggle=True)
    play(PRESS)
    play(RELEASE, after_s=0.1)
    assert turn(play) == "open"
    play(PRESS, after_s=5.0)
    assert turn(play) == "tail"


def test_the_longest_transmission_warns_and_ends() -> None:
    play = ready()
    play(PRESS)
    play(MICROPHONE_OPEN)
    play.wait_until(49.9)
    assert light(play) == "listening"
    play.wait_until(50.0)
    assert light(play) == "time-out"
    play.wait_until(60.0)
    assert turn(play) == "closing"
    play(RELEASE)
    assert turn(play) == "closing"


def test_interruption_silences_the_speaker() -> None:
    play = ready()
    assert play(BotInterrupted(1)) == (SilenceSpeaker(),)


def test_shutting_down_hangs_up_politely_and_exits_once() -> None:
    play = ready()
    assert LeavePolitely(1) in play(ShutdownAsked())
    assert play(BotLeft(1), after_s=2.0)[-1] == Exit()
    assert Exit() not in play(PRESS)


def test_asked_twice_it_exits_at_once() -> None:
    play = ready()
    play(ShutdownAsked())
    assert play(ShutdownAsked())[-1] == Exit()


def test_a_missing_device_is_reported_and_shown() -> None:
    play = ready()
    gone = DeviceChanged(Device.MICROPHONE, DeviceState.MISSING, "cannot open 'wav:x'")
    assert play(gone) == (ReportError("device", "cannot open 'wav:x'", fatal=False),)
    assert light(play) == "device-missing"


def test_before_boot_the_light_says_starting() -> None:
    assert meaning(Play().state, Play().policy, 0.0) is Meaning.STARTING


def test_every_state_of_pipecat_is_there_and_in_its_order() -> None:
    assert [state.value for state in TransportState] == [
        "idle",
        "authenticating",
        "authenticated",
        "connecting",
        "connected",
        "ready",
        "disconnecting",
        "disconnected",
    ]


def test_an_answer_that_comes_twice_gives_no_more_time() -> None:
    play = Play.booted()
    play(StartAsked())
    play(BotStarted(1, REPLY))
    play(OfferAnswered(1))
    play(OfferAnswered(1), after_s=10.0)
    play.wait_until(15.0)
    assert play.transport_state == "disconnected"


def test_delivery_of_an_earlier_part_of_the_turn_does_not_end_it() -> None:
    play = ready()
    for _ in range(2):
        play(PRESS)
        play(RELEASE, after_s=1.0)
        play.wait()
    assert play(TurnDelivered(1)) == ()
    assert play(TurnDelivered(2)) == (SendTurn(1, "stop"),)


def test_what_a_bot_says_on_its_way_out_is_not_an_error() -> None:
    play = ready()
    play(TAP)
    assert play(BotError(1, "cancelled", fatal=True)) == ()
    assert play.transport_state == "disconnecting"


def test_events_of_an_old_attempt_are_ignored() -> None:
    play = Play.booted()
    play(StartAsked())
    play(AttemptFailed(1, AWAY))
    play.wait()
    before = play.state
    for late in (BotStarted(1, REPLY), AttemptFailed(1, AWAY), BotError(1, "old", fatal=True), BotLeft(1)):
        assert play(late) == ()
        assert play.state == before
    play.runner_answers()
    assert play.transport_state == "ready"


def test_a_retry_after_of_a_year_is_cut_to_an_hour() -> None:
    play = Play.booted(idle_hang_up_s=0.0)
    play(StartAsked())
    play(AttemptFailed(1, Failure(Kind.STATUS, "busy", 503, retry_after_s=3e7)))
    assert play.wait()[-1] == StartBot(2)
    assert play.now_s == 3600.0
