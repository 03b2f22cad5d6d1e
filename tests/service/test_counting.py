"""Counts by the steps."""

from __future__ import annotations

from appliance.service.counting import Counting
from appliance.session.events import Answer, AttemptFailed, BotError, Connected, ConnectionLost, Probed, TimePassed
from appliance.session.failure import Failure, Kind
from tests.service.watching import PRESS, RELEASE, TAP, Watching

AWAY = Failure(Kind.UNREACHABLE, "away")


def counts(counting: Counting) -> tuple[int, int, int]:
    return counting.sessions, counting.reconnects, counting.turns


def test_sessions_that_came_to_ready() -> None:
    counting = Counting()
    w = Watching(counting)
    w(TAP)
    assert counts(counting) == (0, 0, 0)
    w.to_ready()
    w.bot_ready()
    assert counts(counting) == (1, 0, 0)
    w(TAP)
    w(TimePassed(), after_s=10.0)
    w(TAP, after_s=10.0)
    w.to_ready()
    assert counts(counting) == (2, 0, 0), "a new one that was asked for is no reconnect"


def test_reconnects_follow_failures() -> None:
    counting = Counting()
    w = Watching(counting)
    w(TAP, AttemptFailed(1, AWAY))
    w(TimePassed(), after_s=1.0)
    w(AttemptFailed(2, AWAY))
    w(TimePassed(), after_s=1.0)
    assert counts(counting) == (0, 0, 0)
    w.to_ready()
    assert counts(counting) == (1, 1, 0)
    w(BotError(3, "broken", True))
    w(TimePassed(), after_s=10.0)
    w.to_ready()
    assert counts(counting) == (2, 2, 0)


def test_a_bot_that_is_found_again_is_a_reconnect_and_no_session() -> None:
    counting = Counting()
    w = Watching(counting)
    w(TAP)
    w.to_ready()
    w(ConnectionLost(1), Probed(1, Answer.ALIVE), Connected(1))
    assert counts(counting) == (1, 1, 0)


def test_turns_that_were_opened() -> None:
    counting = Counting()
    w = Watching(counting)
    w(TAP)
    w.to_ready()
    w.speak()
    w.speak()
    assert counts(counting) == (1, 0, 2)
    w(PRESS, RELEASE, PRESS)
    assert counts(counting) == (1, 0, 3), "a press before the turn was delivered continues it"
