"""Timings by the steps, in a time that the test makes."""

from __future__ import annotations

from appliance.service.timings import NAMES, Timings
from appliance.session.events import AttemptFailed, Event, TimePassed, WordsSent
from appliance.session.failure import Failure, Kind
from tests.service.watching import MICROPHONE_OK, PRESS, RELEASE, TAP, Watching


def watched(**policy: object) -> tuple[Timings, Watching]:
    timings = Timings()
    return timings, Watching(timings, **policy)


def test_before_anything_happened_all_are_there_and_zero() -> None:
    assert Timings().ms == dict.fromkeys(NAMES, 0.0)


def test_from_the_press_to_the_first_packet() -> None:
    timings, w = watched()
    w(PRESS)
    w(MICROPHONE_OK, after_s=0.002)
    timings.light(w.now_s)
    w.bot_started(after_s=0.010)
    w.offer_answered(after_s=0.020)
    w.connected(after_s=0.040)
    w.bot_ready(after_s=0.080)
    w(WordsSent(1), after_s=0.005)
    assert timings.ms == {
        "press_to_light": 2.0,
        "press_to_microphone": 2.0,
        "start": 12.0,
        "offer": 20.0,
        "connect": 40.0,
        "bot_ready": 80.0,
        "press_to_bot_ready": 152.0,
        "press_to_first_packet": 157.0,
    }


def test_a_second_press_in_a_session_times_its_own_and_not_the_session() -> None:
    timings, w = watched()
    w(PRESS)
    w.to_ready()
    w(RELEASE, after_s=1.0)
    w(PRESS, after_s=0.1)
    w(WordsSent(2), after_s=0.025)
    assert timings.ms["press_to_first_packet"] == 25.0
    assert timings.ms["press_to_bot_ready"] == 0.0, "that of the first press: everything came at once"
    w.bot_ready(after_s=1.0)
    assert timings.ms["bot_ready"] == 0.0, "said twice, it is ignored"


def test_a_session_that_is_made_again_is_not_timed_from_a_press_in_the_one_before() -> None:
    timings, w = watched()
    w(TAP)
    w.to_ready()
    w(PRESS, AttemptFailed(1, Failure(Kind.LINK, "lost")), after_s=1.0)
    w(TimePassed(), after_s=2.0)
    w.to_ready()
    assert w.state.link.rtvi is not None
    assert timings.ms["press_to_bot_ready"] == 0.0


def test_only_the_first_counts() -> None:
    timings, w = watched()
    w(PRESS)
    for _ in range(2):
        w(MICROPHONE_OK, WordsSent(1), after_s=0.010)
        timings.light(w.now_s)
    assert [timings.ms[f"press_to_{name}"] for name in ("microphone", "first_packet", "light")] == [10.0] * 3


def test_without_a_press_there_is_nothing_to_count_from() -> None:
    timings, w = watched()
    w(TAP)
    w(MICROPHONE_OK, WordsSent(1), after_s=1.0)
    timings.light(w.now_s)
    w.bot_started()
    w.offer_answered()
    w.connected()
    w.bot_ready(after_s=0.5)
    assert {name for name, ms in timings.ms.items() if ms} == {"start", "bot_ready"}


def test_an_attempt_that_follows_a_failed_one_is_timed_from_its_own_dial() -> None:
    timings, w = watched(first_wait_s=2.0)
    w(PRESS)
    w(AttemptFailed(1, Failure(Kind.UNREACHABLE, "away")), after_s=0.5)
    w(TimePassed(), after_s=1.0)
    w.bot_started(after_s=0.030)
    assert timings.ms["start"] == 30.0
    w.offer_answered()
    w.connected()
    w.bot_ready()
    assert timings.ms["press_to_bot_ready"] == 1530.0, "what the person waited"


def test_what_belongs_to_another_attempt_is_no_stage() -> None:
    late: Event = AttemptFailed(7, Failure(Kind.LINK, "of old"))
    timings, w = watched()
    w(TAP, late)
    w.connected(after_s=1.0)
    assert timings.ms["connect"] == 0.0, "out of order, so it is ignored"


def test_a_connection_with_direct_parameters_has_no_start() -> None:
    timings, w = watched(start="connect")
    w(TAP)
    w.offer_answered(after_s=0.020)
    assert (timings.ms["start"], timings.ms["offer"]) == (0.0, 20.0)
