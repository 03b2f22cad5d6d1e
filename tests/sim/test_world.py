"""The world itself: a day is the same each time, a broken rule is found, and its day shrinks to what it needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.session import dialling, talking
from appliance.session.draft import Draft
from appliance.session.effects import Effect
from appliance.session.events import Event
from tests.sim.__main__ import main
from tests.sim.box import Box
from tests.sim.life import BrokenError, live
from tests.sim.plans import DAY_S, Deed, Doing, Fault, Ill, Plan, plan_for
from tests.sim.shrink import breaks, shrunk
from tests.sim.test_days import told

SEED = 4


def record(plan: Plan) -> list[tuple[float, Event, tuple[Effect, ...]]]:
    found: list[tuple[float, Event, tuple[Effect, ...]]] = []

    def tell(now_s: float, event: Event, _box: Box, effects: tuple[Effect, ...]) -> None:
        found.append((now_s, event, effects))

    live(plan, tell)
    return found


def test_a_seed_is_a_life() -> None:
    assert record(plan_for(SEED)) == record(plan_for(SEED))
    assert record(plan_for(SEED)) != record(plan_for(SEED + 1))


def test_every_ill_and_every_deed_comes_to_pass() -> None:
    plans = [plan_for(seed) for seed in range(100)]
    assert {fault.ill for plan in plans for fault in plan.faults} == set(Ill)
    assert {deed.doing for plan in plans for deed in plan.deeds} == set(Doing)


@pytest.fixture
def harmed(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A machine that forgets its wish when a runner is busy, and a day with much else in it."""
    again = dialling.again

    def forgets(d: Draft, failure: object) -> None:
        if getattr(failure, "status", None) in (429, 503):
            d.recovery(reason="busy")
        else:
            again(d, failure)  # type: ignore[arg-type]

    monkeypatch.setattr(dialling, "again", forgets)
    busy = Fault(1000.0, 60.0, Ill.RUNNER_BUSY)
    plan = plan_for(SEED)
    return replace(plan, faults=(*plan.faults, busy), deeds=(*plan.deeds, Deed(1010.0, Doing.START)))


def test_a_day_shrinks_to_what_it_needs(harmed: Plan) -> None:
    with pytest.raises(BrokenError) as raised:
        live(harmed)
    assert raised.value.rule == "a wish is never forgotten"
    plan = shrunk(harmed, breaks(raised.value.rule))
    assert (plan.faults, plan.deeds) == ((Fault(1000.0, 60.0, Ill.RUNNER_BUSY),), (Deed(1010.0, Doing.START),))
    text = told(raised.value)
    assert "runner busy for 60.000 s" in text and f"python -m tests.sim {SEED}" in text


def test_an_exception_of_the_machine_is_a_broken_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talking, "open_turn", lambda d: d.link(deadline=1.0))
    with pytest.raises(BrokenError, match="KeyError"):
        live(plan_for(SEED))


def test_a_day_without_people_is_quiet() -> None:
    lived = live(Plan(seed=1, policy="on demand", faults=(), deeds=(), length_s=DAY_S))
    assert (lived.steps, lived.sessions, lived.failures) == (1, 0, 0)


@pytest.mark.parametrize(("words", "status"), [(["4"], 0), (["--days", "3"], 0), (["--days", "2", "--from", "9"], 0)])
def test_the_command(words: list[str], status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tests.sim", *words])
    assert main() == status
