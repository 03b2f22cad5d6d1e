"""What follows from the signs of life and from their absence: each death has its own reason, and its own cure."""

from __future__ import annotations

import pytest

from appliance.session.effects import (
    CloseLink,
    DeliverWords,
    EndTurn,
    HoldWords,
    OpenSpeaker,
    Probe,
    ReportEnd,
    ReportError,
    Resume,
    SendTurn,
    StartBot,
)
from appliance.session.events import (
    Answer,
    BotAudible,
    BotError,
    BotLeft,
    BotReady,
    BotSpeaking,
    BotStarted,
    ButtonPressed,
    ButtonReleased,
    Connected,
    ConnectionLost,
    Device,
    DeviceChanged,
    DeviceState,
    OfferAnswered,
    PingsLate,
    Probed,
    ResumeFailed,
    Role,
    Signs,
    StartAsked,
    StopAsked,
    TimePassed,
    TurnDelivered,
)
from appliance.session.failure import Failure, Kind
from appliance.session.indicator import meaning
from appliance.session.life import AWAITING_S, DEAD_S, QUIET_S
from appliance.session.policy import DUMB_S
from appliance.session.search import PROBE_S, RESTART_S, RIDE_S, WINDOW_S
from tests.session.play import REPLY, Play

PRESS, RELEASE = ButtonPressed("talk", Role.TALK), ButtonReleased("talk", Role.TALK)
WELL, PAUSED, SILENT = (
    Signs(1, sound=True, heard=True),
    Signs(1, sound=False, heard=True),
    Signs(1, sound=False, heard=False),
)
NOTICED_S = 5.0
"""From the last sign of a link to the moment at which it has left `ready`."""


def ready(**policy: object) -> Play:
    play = Play.booted(**policy)
    play(StartAsked())
    play.runner_answers()
    play(WELL, after_s=0.1)
    play(TimePassed(), after_s=10.0)
    return play


def silent(play: Play) -> float:
    """Everything has been silent for `QUIET_S`. When the last sign came."""
    play(SILENT, after_s=1.0)
    return play.now_s - QUIET_S


def reason(play: Play) -> str:
    return play.state.recovery.reason or ""


def error(effects: tuple[object, ...]) -> ReportError:
    (found,) = [effect for effect in effects if isinstance(effect, ReportError)]
    return found


def test_a_link_that_is_dead_leaves_ready_in_time() -> None:
    play = ready()
    assert play(SILENT, after_s=1.0) == (HoldWords(), Probe(1))
    last_s = play.now_s - QUIET_S
    assert play.transport_state == "ready", "silence alone is no death"
    effects = play.wait()
    assert play.now_s - last_s == pytest.approx(QUIET_S + PROBE_S)
    assert QUIET_S + PROBE_S < NOTICED_S
    assert not error(effects).fatal
    assert (play.transport_state, meaning(play.state, play.policy, play.now_s).value) == ("connecting", "connecting")
    assert "the network or the runner's machine is down" in reason(play)


def test_a_bot_that_greets_and_takes_nothing_in_is_no_partner_from_the_beginning() -> None:
    """The way up died while it was awaited; what is told is a change, and there will be none."""
    play = Play.booted()
    play(PRESS)
    play(BotStarted(1, REPLY))
    play(OfferAnswered(1))
    play(Connected(1))
    play(WELL)
    play(Signs(1, sound=True, heard=False), after_s=2.5)
    effects = play(BotReady(1, "2.2.0"), after_s=2.0)
    assert Probe(1) in effects
    assert not [effect for effect in effects if isinstance(effect, DeliverWords)], "they would be lost"
    play(Probed(1, Answer.ALIVE))
    assert Resume(1, quiet=False) in play.wait()


def test_what_comes_again_in_time_is_ridden_out_without_a_trace() -> None:
    play = ready()
    silent(play)
    assert play(WELL, after_s=2.9) == (DeliverWords(1),)
    assert play(Probed(1, Answer.ALIVE)) == ()
    play.wait_until(play.now_s + 30)
    assert (play.transport_state, play.attempt, reason(play)) == ("ready", 1, "")
    assert "connecting" not in play.entered[5:]


def test_a_network_that_comes_back_brings_the_same_bot_without_a_new_connection() -> None:
    play = ready()
    silent(play)
    play.wait_until(play.now_s + 12)
    assert play.transport_state == "connecting"
    assert play(WELL) == (DeliverWords(1),)
    assert (play.transport_state, play.attempt, reason(play)) == ("ready", 1, "")


def test_a_bot_that_lives_behind_a_broken_way_is_resumed() -> None:
    play = ready()
    last_s = silent(play)
    assert play(Probed(1, Answer.ALIVE), after_s=0.1) == ()
    effects = play.wait()
    assert play.now_s - last_s == DEAD_S
    assert effects[1:] == (OpenSpeaker(), Resume(1, quiet=False))
    assert "though its runner says that it lives" in error(effects).message
    assert play(OfferAnswered(1), after_s=0.2) == ()
    assert play(Connected(1), after_s=0.2) == (DeliverWords(1),), "and nobody introduces himself again"
    assert (play.transport_state, play.attempt) == ("ready", 1)


@pytest.mark.parametrize("sign", [BotSpeaking(1, True), BotAudible(True)])
def test_a_bot_that_speaks_is_resumed_only_after_pings_have_ceased(sign: BotSpeaking | BotAudible) -> None:
    play = ready()
    play(sign)
    silent(play)
    play(Probed(1, Answer.ALIVE))
    assert play.wait()[-1] == Resume(1, quiet=True)
    play(Connected(1), after_s=3.5)
    assert not play.state.link.bot_speaking, "what it said on the old connection is past"


def test_the_old_connection_has_a_moment_to_come_back_before_it_is_given_up() -> None:
    play = ready()
    silent(play)
    play.wait()
    play.wait()
    assert play(Probed(1, Answer.ALIVE), after_s=0.1) == ()
    assert play(WELL, after_s=RIDE_S - 0.01) == (DeliverWords(1),)
    assert play.attempt == 1


def test_a_held_button_stays_a_turn_and_is_told_once() -> None:
    play = ready()
    assert SendTurn(1, "start") in play(PRESS)
    play(ConnectionLost(1), after_s=1.0)
    assert play.world.microphone and play.world.turn
    assert play(Probed(1, Answer.ALIVE), after_s=0.1) == (OpenSpeaker(), Resume(1, quiet=False))
    assert play(RELEASE, after_s=0.1) == ()
    play.wait()
    assert play.state.talk.turn.value == "closing"
    assert play(Connected(1), after_s=0.2) == (DeliverWords(1),)
    assert play(TurnDelivered(play.state.talk.number), after_s=0.5) == (SendTurn(1, "stop"),)


def test_a_turn_begun_while_the_link_is_dead_is_told_when_it_lives() -> None:
    play = ready()
    play(ConnectionLost(1))
    assert not [effect for effect in play(PRESS, after_s=0.1) if isinstance(effect, SendTurn)]
    play(Probed(1, Answer.ALIVE))
    assert play(Connected(1), after_s=0.2) == (SendTurn(1, "start"), DeliverWords(1))


def test_a_turn_that_was_delivered_as_the_link_died_still_gets_its_end() -> None:
    play = ready()
    play(PRESS)
    play(RELEASE, after_s=1.0)
    assert EndTurn(play.state.talk.number) in play.wait()
    play(ConnectionLost(1))
    assert play(TurnDelivered(play.state.talk.number)) == (SendTurn(1, "stop"),)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer.GONE, "the bot ended while nothing came from it"),
        (Answer.REFUSED, "the runner has stopped"),
        (Answer.STRANGER, "does not know this connection"),
    ],
)
@pytest.mark.parametrize("lost", [False, True])
def test_a_bot_that_cannot_be_found_is_replaced(answer: Answer, says: str, lost: bool) -> None:
    play = ready()
    play(PRESS)
    last_s = silent(play)
    if lost:
        play.wait()
        play.wait()
    play(Probed(1, answer))
    if play.transport_state == "ready":
        play.wait()
        assert play.now_s - last_s == pytest.approx(DEAD_S), "a runner that refuses may yet have a bot that sounds"
    assert (play.transport_state, play.state.recovery.phase.value) == ("disconnected", "retrying")
    assert says in reason(play)
    assert StartBot(2) in play.wait()
    assert play.world.microphone, "and a held button is a turn with the next one"


def test_the_search_has_an_end() -> None:
    play = ready()
    play(ConnectionLost(1))
    lost_s, asked = play.now_s, 0
    while play.transport_state == "connecting":
        asked += Probe(1) in play.wait()
    assert play.now_s - lost_s == pytest.approx(WINDOW_S)
    assert 5 <= asked <= 10
    assert "not found again within 30 s: the connection to the bot ended" in reason(play)
    assert play.state.recovery.phase.value == "retrying"


def test_a_new_connection_that_does_not_come_about_ends_in_a_new_session() -> None:
    play = ready()
    play(ConnectionLost(1))
    play(Probed(1, Answer.ALIVE))
    began_s = play.now_s
    assert CloseLink(1) in play.wait()
    assert play.now_s - began_s == pytest.approx(RESTART_S)
    assert "the bot lives, but no new connection" in reason(play)


def test_a_resume_that_nobody_answers_goes_on_searching_and_one_that_is_refused_does_not() -> None:
    play = ready()
    play(ConnectionLost(1))
    play(Probed(1, Answer.ALIVE))
    assert play(ResumeFailed(1, Failure(Kind.UNREACHABLE, "away")), after_s=1.0) == ()
    assert Probe(1) in play.wait()
    assert play(WELL) == (), "the old connection was cut"
    play(Probed(1, Answer.ALIVE))
    assert CloseLink(1) in play(ResumeFailed(1, Failure(Kind.STATUS, "it answered 404", 404)))
    assert play.state.recovery.phase.value == "retrying", "a bot that has ended is no refusal of ours"


def test_sound_that_stops_is_asked_about_once_and_no_death() -> None:
    play = ready()
    assert play(PAUSED, after_s=1.0) == (Probe(1),)
    assert play(Probed(1, Answer.ALIVE)) == ()
    for _ in range(3):
        play.wait_until(play.now_s + 5)
        assert play.state.life.probe_until_s is None
    assert play.transport_state == "ready"


def test_a_bot_that_ended_while_we_were_held_up_has_left() -> None:
    play = ready()
    assert play(PingsLate(1)) == (Probe(1),)
    effects = play(Probed(1, Answer.GONE))
    assert ReportEnd("the bot ended the session while this box was held up and could not be told") in effects
    assert (play.transport_state, play.state.recovery.wanted) == ("disconnecting", False)


def test_unless_somebody_was_talking_to_it() -> None:
    play = ready()
    play(PRESS)
    play(PingsLate(1))
    play(Probed(1, Answer.GONE))
    assert play.state.recovery.phase.value == "retrying"
    assert "in the middle of a turn" in reason(play)


def test_a_question_without_an_answer_is_asked_again_now_and_then() -> None:
    play = ready()
    play(PingsLate(1))
    play.wait()
    assert play.transport_state == "ready"
    began_s = play.now_s
    assert play.wait() == (Probe(1),)
    assert play.now_s - began_s == pytest.approx(10.0)
    play(Probed(1, Answer.UNCLEAR))
    assert play.state.life.probe_at_s is None, "a runner that cannot be asked is not"


def awaited() -> Play:
    play = Play.booted(idle_hang_up_s=0.0)
    play(StartAsked())
    for event in (BotStarted(1, REPLY), OfferAnswered(1), Connected(1)):
        play(event)
    return play


def test_a_bot_that_crashed_at_its_start_is_told_from_one_that_is_slow() -> None:
    play = awaited()
    assert play.wait() == (Probe(1),)
    assert play.now_s == AWAITING_S
    play(Probed(1, Answer.ALIVE))
    assert play.wait() == (Probe(1),)
    effects = play(Probed(1, Answer.GONE))
    assert error(effects).source == "start"
    assert "the bot ended at its start" in reason(play)


def test_a_bot_that_is_slow_has_its_time_and_then_a_reason_of_its_own() -> None:
    play = awaited()
    while play.transport_state == "connected":
        if Probe(1) in play.wait():
            play(Probed(1, Answer.ALIVE))
    assert play.now_s == play.policy.bot_ready_timeout_s
    assert "the bot lives but was not ready within 20 s" in reason(play)


@pytest.mark.parametrize(
    ("answer", "says"), [(Answer.NONE, "is the network down?"), (Answer.REFUSED, "the runner stopped before")]
)
def test_a_link_that_dies_before_the_bot_is_ready_ends_the_attempt(answer: Answer, says: str) -> None:
    play = awaited()
    play(SILENT, after_s=2.0)
    play(Probed(1, answer), after_s=0.5)
    assert (play.transport_state, play.state.recovery.phase.value) == ("disconnected", "retrying")
    assert says in reason(play)


def test_a_bot_that_is_ready_is_asked_after_no_more() -> None:
    play = awaited()
    play.wait()
    play(BotReady(1, "2.2.0"))
    play.wait_until(100.0)
    assert play.transport_state == "ready"


def test_a_bot_that_says_it_speaks_and_is_not_heard_has_lost_its_voice() -> None:
    play = ready()
    play(DeviceChanged(Device.SPEAKER, DeviceState.OK))
    play(BotSpeaking(1, True))
    began_s = play.now_s
    play(BotAudible(True), after_s=0.5)
    play(BotAudible(False), after_s=2.0)
    play.wait_until(began_s + 20)
    assert play.transport_state == "ready", "it was heard"
    play(BotSpeaking(1, False))
    play(BotSpeaking(1, True))
    began_s = play.now_s
    assert "its voice is dead" in error(play.wait()).message
    assert play.now_s - began_s == pytest.approx(8.0)
    assert play.state.recovery.phase.value == "retrying"


def test_a_voice_that_is_silenced_by_a_turn_is_not_dead() -> None:
    play = ready()
    play(DeviceChanged(Device.SPEAKER, DeviceState.OK))
    play(BotSpeaking(1, True))
    play(PRESS)
    play.wait_until(play.now_s + 30)
    play(RELEASE)
    play.wait()
    play(TurnDelivered(play.state.talk.number))
    play.wait_until(play.now_s + 8)
    assert play.transport_state == "ready"


def test_a_runner_that_was_frozen_tells_that_the_voice_is_dead() -> None:
    play = ready()
    play(ConnectionLost(1))
    play(Probed(1, Answer.ALIVE))
    play(Connected(1))
    dead = "SmallWebRTCOutputTransport#0 timed out after 10.0s writing audio to the transport; ..."
    assert CloseLink(1) in play(BotError(1, dead, fatal=False), after_s=10.0)
    assert play.state.recovery.phase.value == "retrying"


def test_a_hang_up_while_the_link_is_dead_is_at_once() -> None:
    play = ready()
    play(ConnectionLost(1))
    assert CloseLink(1) in play(StopAsked())
    assert (play.transport_state, play.state.recovery.wanted) == ("disconnected", False)


def test_a_bot_that_says_farewell_as_the_link_comes_back_has_left() -> None:
    play = ready()
    silent(play)
    play.wait()
    play(WELL)
    play(BotLeft(1))
    assert (play.transport_state, play.state.recovery.wanted) == ("disconnecting", False)


def test_signs_of_another_connection_change_nothing() -> None:
    play = ready()
    before = play.state
    assert play(Signs(7, sound=False, heard=False)) == ()
    assert play(ConnectionLost(7)) == ()
    assert play.state == before
    assert play(Probed(1, Answer.GONE)) == (), "nobody asked"
    assert play.transport_state == "ready"


def test_a_limit_that_passed_while_the_link_was_dead_counts_as_soon_as_it_lives() -> None:
    play = ready(max_session_s=32.0)
    play.wait_until(26.0)
    silent(play)
    play.wait_until(33.0)
    assert play.transport_state == "connecting"
    play(Signs(1, sound=True, heard=True))
    assert play.transport_state == "disconnecting"


def test_a_bot_that_spoke_into_a_turn_has_its_time_to_be_heard_after_it() -> None:
    play = ready()
    play(DeviceChanged(Device.SPEAKER, DeviceState.OK))
    play(PRESS)
    play(BotSpeaking(1, True), after_s=1.0)
    play(RELEASE, after_s=DUMB_S + 1.0)
    play.wait()
    play(TurnDelivered(1), after_s=0.5)
    play.wait_until(play.now_s + DUMB_S - 0.1)
    assert play.transport_state == "ready", "nothing is played while a turn is open"
    play.wait()
    assert "its voice is dead" in reason(play)
