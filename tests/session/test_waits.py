"""How soon who comes back is met, and how many meet him at once: waits as numbers, and 200 boxes in virtual time."""

from __future__ import annotations

import random
from bisect import bisect_left
from statistics import median

import pytest

from appliance.session.deadlines import deadline
from appliance.session.effects import StartBot
from appliance.session.events import AttemptFailed, TimePassed
from appliance.session.failure import Failure, Kind
from appliance.session.policy import Policy
from appliance.session.waits import EAGER_S, EAGER_WAIT_S, wait
from tests.session.play import Play

AWAY = Failure(Kind.UNREACHABLE, "no answer from the runner")
BUSY = Failure(Kind.STATUS, "no free bot", 503)
POLICY = Policy()


def returns(away_s: float, failure: Failure, seed: int, boxes: int = 200) -> tuple[list[float], list[float]]:
    """The dials of *boxes* kept in session always, after a runner that was away for *away_s* is back, and when each has
    a session again. All lose it within a third of a second."""
    rng = random.Random(seed)
    dials, back = list[float](), list[float]()
    for _ in range(boxes):
        play = Play.booted(keep_always=True)
        play.runner_answers()
        play(TimePassed(), after_s=100.0)
        lost_s = play.now_s
        play.jitter = rng.random()
        play(AttemptFailed(1, Failure(Kind.LINK, "the runner has stopped")), after_s=rng.random() / 3)
        while play.transport_state != "ready":
            due_s = deadline(play.state, play.policy, play.now_s)
            assert due_s is not None
            play.jitter = rng.random()
            dialled = any(isinstance(effect, StartBot) for effect in play(TimePassed(), after_s=due_s - play.now_s))
            since_s = play.now_s - lost_s - away_s
            if dialled and since_s >= 0:
                dials.append(since_s)
                play.runner_answers()
                back.append(since_s)
            elif dialled:
                play(AttemptFailed(play.attempt, failure))
    return sorted(dials), back


@pytest.mark.parametrize("away_s", [2.0, 5.0, 10.0, 15.0])
def test_after_a_short_outage_a_runner_is_met_soon(away_s: float) -> None:
    _, back = returns(away_s, AWAY, seed=1)
    assert median(back) <= 2.0
    assert max(back) <= EAGER_WAIT_S + 1.0


@pytest.mark.parametrize("failure", [AWAY, BUSY], ids=["away", "busy"])
@pytest.mark.parametrize("away_s", [60.0, 600.0])
def test_two_hundred_boxes_do_not_storm_the_runner_that_comes_back(away_s: float, failure: Failure) -> None:
    dials, back = returns(away_s, failure, seed=1)
    most = max(bisect_left(dials, at_s + 1.0) - index for index, at_s in enumerate(dials))
    assert most <= (20 if failure is AWAY else 30)
    assert max(back) <= 45.0
    assert len(back) == 200


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("kind", list(Kind))
def test_no_wait_is_longer_than_the_longest_or_shorter_than_half_the_first(kind: Kind, jitter: float) -> None:
    strewn = False
    for count in range(1, 100):
        found = wait(POLICY, Failure(kind, "why"), count=count, outage_s=count * 2.0, strewn=strewn, jitter=jitter)
        strewn = found.strewn
        assert POLICY.first_wait_s / 2 <= found.wait_s <= POLICY.longest_wait_s
    assert strewn, "in the end they are long"


@pytest.mark.parametrize("kind", [Kind.STATUS, Kind.BOT, Kind.NONSENSE])
def test_who_answers_wrongly_is_asked_less_and_less(kind: Kind) -> None:
    failure = Failure(kind, "why", 503)
    waits = [wait(POLICY, failure, count=n, outage_s=1.0, strewn=False, jitter=0.5).wait_s for n in range(1, 9)]
    assert waits == pytest.approx([0.75 * 1.5**n for n in range(8)])


def test_a_first_wait_longer_than_the_eager_ones_is_kept() -> None:
    policy = Policy(first_wait_s=10.0, longest_wait_s=60.0)
    assert wait(policy, AWAY, count=3, outage_s=EAGER_S - 1, strewn=False, jitter=0.0).wait_s == 5.0
    short = Policy(first_wait_s=0.1, longest_wait_s=2.0)
    assert wait(short, AWAY, count=50, outage_s=900.0, strewn=True, jitter=0.0).wait_s == pytest.approx(1.8)
