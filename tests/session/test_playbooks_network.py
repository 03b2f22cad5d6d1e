"""What a lost network and a wrong clock do to a session, and to the wish for one."""

from __future__ import annotations

import pytest

from appliance.session.effects import (
    DeliverWords,
    DropWords,
    Effect,
    OpenSpeaker,
    Probe,
    ReportError,
    Resume,
    StartBot,
)
from appliance.session.events import (
    Answer,
    AttemptFailed,
    Booted,
    BotLeft,
    BotStarted,
    ButtonPressed,
    ButtonReleased,
    ClockStepped,
    Connected,
    NetworkChanged,
    Probed,
    Role,
    StartAsked,
    StopAsked,
    TimePassed,
)
from appliance.session.failure import Failure, Kind
from appliance.session.indicator import meaning
from appliance.session.policy import SPREAD_S, Policy
from appliance.session.search import WINDOW_S
from tests.session.play import REPLY, Play

PRESS, RELEASE = ButtonPressed("talk", Role.TALK), ButtonReleased("talk", Role.TALK)
WHY = "no way to the runner"
CUT, BACK, MOVED = NetworkChanged(False, message=WHY), NetworkChanged(True), NetworkChanged(True, moved=True)
TOO_EARLY = Failure(Kind.CLOCK, "not valid yet")
NO_NAMES = Failure(Kind.NETWORK, "nobody to ask for names")


def waits(play: Play) -> tuple[str, str | None, str | None]:
    recovery = play.state.recovery
    return recovery.phase.value, recovery.waiting_for, recovery.reason


def retry_in_s(play: Play) -> float:
    assert play.state.recovery.retry_at_s is not None
    return play.state.recovery.retry_at_s - play.now_s


def dials(effects: tuple[Effect, ...]) -> bool:
    return any(isinstance(effect, StartBot) for effect in effects)


def ready(**policy: object) -> Play:
    play = Play.booted(**policy)
    play(StartAsked())
    play.runner_answers()
    play(TimePassed(), after_s=5.0)
    return play


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_booted_without_a_network_it_dials_when_there_is_one(jitter: float) -> None:
    play = Play(Policy(keep_always=True))
    play.jitter = jitter
    play(CUT)
    play(Booted())
    assert waits(play) == ("waiting", "network", WHY)
    assert meaning(play.state, play.policy, play.now_s).value == "waiting"
    play.wait_until(40_000.0)
    assert (play.attempt, play.entered) == (0, []), "nothing is dialled in half a day, and nothing is told"
    came_s = play.now_s
    if not dials(play(BACK)):
        assert dials(play.wait())
    assert play.now_s - came_s <= SPREAD_S
    play.runner_answers()
    assert waits(play) == ("none", None, None)


def test_boxes_behind_one_switch_do_not_dial_together() -> None:
    moments = set()
    for chance in range(1, 11):
        play = Play.booted(keep_always=True)
        play(AttemptFailed(1, NO_NAMES), after_s=9.0)
        play(CUT)
        play.wait_until(100.0)
        play.jitter = chance / 11
        play(BACK)
        moments.add(round(retry_in_s(play), 6))
    assert len(moments) == 10 and max(moments) <= SPREAD_S


def test_a_wait_for_the_network_is_told_once() -> None:
    play = Play.booted(idle_hang_up_s=0.0)
    play(CUT)
    assert play(StartAsked()) == (ReportError("start", WHY, fatal=False),)
    assert play(TimePassed(), after_s=30.0) == (), "the wait goes on"
    assert retry_in_s(play) == 30.0
    assert play(NetworkChanged(False, message="another reason")) == (
        ReportError("start", "another reason", fatal=False),
    )
    assert play(TimePassed(), after_s=30.0) == ()
    assert waits(play) == ("waiting", "network", "another reason")


def test_a_wait_ends_with_the_wish() -> None:
    play = Play.booted()
    play(CUT)
    play(StartAsked())
    play(StopAsked())
    assert waits(play) == ("none", None, None)
    assert not play(BACK)
    play(CUT)
    play(StartAsked())
    play.wait_until(play.now_s + 61.0)
    assert not play.state.recovery.wanted, "and by itself, when nobody uses it"


def test_what_is_held_is_kept_for_the_network_and_what_was_released_is_not_kept_for_long() -> None:
    play = Play.booted()
    play(CUT)
    play(PRESS)
    assert play.world.microphone
    play(TimePassed(), after_s=30.0)
    assert play.world.microphone, "still held"
    play(RELEASE)
    play(TimePassed(), after_s=0.3)
    assert DropWords() in play(TimePassed(), after_s=29.7)


def test_a_cut_that_is_over_in_time_leaves_the_session_alone() -> None:
    play = ready()
    assert play(CUT) == ()
    assert play.transport_state == "ready"
    assert play(CUT, after_s=2.0) == ()
    assert play(BACK, after_s=0.9) == ()
    play.wait_until(play.now_s + 20)
    assert (play.transport_state, play.attempt) == ("ready", 1)


def test_a_cut_that_lasts_leaves_ready_and_in_the_end_the_session() -> None:
    play = ready()
    play(CUT)
    cut_s = play.now_s
    play(CUT, after_s=2.0)
    effects = play.wait()
    assert play.now_s - cut_s == 3.0
    assert {ReportError("transport", WHY, fatal=False), Probe(1)} <= set(effects)
    assert (play.transport_state, waits(play)) == ("connecting", ("none", None, WHY))
    play.wait_until(cut_s + 3.0 + WINDOW_S + 2.0)
    assert (play.transport_state, waits(play)) == ("disconnected", ("waiting", "network", WHY))
    play.wait_until(play.now_s + 10)
    assert play.attempt == 1, "no dial without a way"
    play(BACK)
    play.wait_until(play.now_s + SPREAD_S)
    assert play.attempt == 2


@pytest.mark.parametrize("stage", ["authenticating", "connecting"])
def test_a_cut_ends_a_session_being_made(stage: str) -> None:
    play = Play.booted()
    play(StartAsked())
    if stage == "connecting":
        play(BotStarted(1, REPLY))
    play(CUT)
    play(TimePassed(), after_s=3.0)
    assert waits(play) == ("waiting", "network", WHY)


def test_with_another_address_the_session_is_resumed_at_once() -> None:
    play = ready()
    play(PRESS)
    assert Probe(1) in play(MOVED, after_s=1.0)
    assert play.transport_state == "connecting"
    assert play(Probed(1, Answer.ALIVE), after_s=0.1) == (OpenSpeaker(), Resume(1, quiet=False))
    assert play(Connected(1), after_s=0.2) == (DeliverWords(1),), "a held button stays a turn, told once"
    assert play.transport_state == "ready"


def test_a_way_back_to_a_lost_bot_is_tried_at_once() -> None:
    play = ready()
    play(CUT)
    play.wait()
    play(Probed(1, Answer.NONE))
    assert Probe(1) in play(BACK, after_s=0.5)


def test_another_address_changes_nothing_for_a_bot_that_has_left() -> None:
    play = ready(disconnect_on_bot_disconnect=False)
    play(BotLeft(1))
    assert play(MOVED) == ()
    assert play.transport_state == "ready"


def test_renewed_as_it_may_be_no_two_dials_come_closer_than_they_may() -> None:
    play = Play.booted(least_gap_s=2.0)
    play(StartAsked())
    for _ in range(10):
        play(MOVED, after_s=0.05)  # `Play` holds every dial against least_gap_s
    play.wait_until(10.0)
    assert 1 < play.attempt <= 6


def test_a_network_that_changes_does_not_shorten_other_waits() -> None:
    play = Play.booted(keep_always=True)
    play(AttemptFailed(1, Failure(Kind.STATUS, "full", 429, retry_after_s=90.0)))
    play(BACK)
    play(ClockStepped())
    assert retry_in_s(play) == 90.0
    play(CUT)
    play.wait_until(89.0)
    assert waits(play) == ("retrying", None, "full")
    play.wait()
    assert waits(play) == ("waiting", "network", WHY)


def test_names_that_nobody_answers_are_asked_for_again_when_the_network_changes() -> None:
    play = Play.booted(keep_always=True)
    for _ in range(12):
        play(AttemptFailed(play.attempt, NO_NAMES))
        play.wait()
    play(AttemptFailed(play.attempt, NO_NAMES))
    assert (waits(play)[1], retry_in_s(play) > 20) == ("network", True)
    play(BACK, after_s=2.0)
    assert dials(play.wait())
    play(AttemptFailed(play.attempt, NO_NAMES))
    assert retry_in_s(play) <= 1.0, "the new network's servers may come a moment later: the waits begin anew"


def test_a_clock_that_is_set_ends_the_wait_for_it() -> None:
    play = Play.booted()
    play(StartAsked())
    play(AttemptFailed(1, TOO_EARLY))
    assert waits(play) == ("waiting", "clock", "not valid yet")
    play(BACK)
    assert waits(play)[1] == "clock"
    for _ in range(8):
        play.wait()
        play(AttemptFailed(play.attempt, TOO_EARLY))
    play(ClockStepped(), after_s=2.0)
    assert retry_in_s(play) <= SPREAD_S
    assert dials(play.wait())


def test_a_clock_that_is_set_changes_nothing_else() -> None:
    play = ready()
    before = play.state
    assert play(ClockStepped()) == ()
    assert play.state == before


def test_neither_network_nor_clock_uses_up_the_attempts() -> None:
    play = Play.booted(attempts_max=2)
    play(StartAsked())
    for failure in (NO_NAMES, TOO_EARLY, NO_NAMES):
        play(AttemptFailed(play.attempt, failure))
        assert waits(play)[0] == "waiting"
        play.wait()
    play(AttemptFailed(play.attempt, Failure(Kind.UNREACHABLE, "away")))
    assert waits(play)[0] == "given-up"
