"""The driver: events in order, effects in order, one timer, and nothing that goes on after a bug."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

from appliance.service.driver import Driver, Step
from appliance.session.effects import Effect, ReportState, StartBot
from appliance.session.events import (
    AttemptFailed,
    Booted,
    ButtonPressed,
    ButtonReleased,
    Event,
    MuteAsked,
    Role,
    StartAsked,
    StopAsked,
    TimePassed,
)
from appliance.session.failure import Failure, Kind
from appliance.session.policy import Policy
from appliance.session.state import Turn

POLICY = Policy(first_wait_s=0.02, least_gap_s=0.0, idle_hang_up_s=0.0)


class Outside:
    """Takes the effects down, and answers a start with a failure as long as it is told to."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.effects: list[Effect] = []
        self.steps: list[Step] = []
        self.threads: set[str] = set()
        self.crashes: list[BaseException] = []
        self.answer: list[Event] = []
        self.attempted = asyncio.Event()
        self.attempts_awaited = 1
        self.driver = Driver(policy, self.perform, self.crashes.append, [self.steps.append], jitter=lambda: 0.0)

    def perform(self, effect: Effect) -> None:
        self.effects.append(effect)
        self.threads.add(threading.current_thread().name)
        if len(self.attempts()) >= self.attempts_awaited:
            self.attempted.set()
        if isinstance(effect, StartBot) and self.answer:
            self.driver.post(self.answer.pop(0))

    def attempts(self) -> list[int]:
        return [effect.attempt for effect in self.effects if isinstance(effect, StartBot)]


async def test_an_event_posted_by_an_effect_waits_until_the_step_is_done() -> None:
    outside = Outside()
    outside.answer = [AttemptFailed(1, Failure(Kind.UNREACHABLE, "away"))]
    outside.driver.post(StartAsked())
    assert [type(step.event) for step in outside.steps] == [StartAsked, AttemptFailed]
    states = [effect.state.value for effect in outside.effects if isinstance(effect, ReportState)]
    assert states == ["authenticating", "disconnected"]
    outside.driver.close()


async def test_the_timer_comes_when_the_state_says_so() -> None:
    outside = Outside()
    outside.answer = [AttemptFailed(n, Failure(Kind.UNREACHABLE, "away")) for n in (1, 2)]
    outside.attempts_awaited = 3
    outside.driver.post(StartAsked())
    await asyncio.wait_for(outside.attempted.wait(), 5)
    assert outside.attempts() == [1, 2, 3]
    outside.driver.close()
    first, second = (step.at_s for step in outside.steps if isinstance(step.event, AttemptFailed))
    assert second - first >= 0.01, "not before its time: half of first_wait_s, as chance has it here"


async def test_threads_meet_the_loop() -> None:
    outside = Outside(Policy(keep_always=True))
    thread = threading.Thread(target=outside.driver.post_from_thread, args=(Booted(),))
    thread.start()
    thread.join(5)
    assert not outside.effects, "a thread does nothing itself"
    await asyncio.wait_for(outside.attempted.wait(), 5)
    assert outside.threads == {threading.current_thread().name}
    outside.driver.close()


async def test_a_bug_in_a_step_ends_all_steps() -> None:
    crashes: list[BaseException] = []

    def perform(effect: Effect) -> None:
        raise ValueError(effect)

    driver = Driver(POLICY, perform, crashes.append)
    driver.post(StartAsked())
    driver.post(StopAsked())
    assert [type(error) for error in crashes] == [ValueError]
    assert driver.state.recovery.wanted, "the second event was not taken"


async def test_new_rules_hold_from_the_end_of_the_present_turn_on() -> None:
    outside = Outside()
    new = replace(POLICY, first_wait_s=7.0)
    driver = outside.driver
    driver.post(ButtonPressed("talk", Role.TALK))
    driver.adopt(new)
    assert driver.policy == POLICY, "a button is held"
    driver.post(ButtonReleased("talk", Role.TALK))
    assert driver.policy == POLICY, "its turn is not over"
    driver.post(StopAsked())
    assert driver.policy == new
    assert {step.policy.first_wait_s for step in outside.steps} == {POLICY.first_wait_s}
    driver.post(StopAsked())
    assert outside.steps[-1].policy == new
    driver.adopt(POLICY)
    assert driver.policy == POLICY, "at once, when nothing is open"
    driver.close()


async def test_new_rules_wait_for_a_button_that_opens_no_turn() -> None:
    outside = Outside()
    new = replace(POLICY, first_wait_s=7.0)
    driver = outside.driver
    driver.post(MuteAsked(True))
    driver.post(ButtonPressed("talk", Role.TALK))
    assert driver.state.talk.turn is Turn.NONE
    driver.adopt(new)
    assert driver.policy == POLICY
    driver.post(ButtonReleased("talk", Role.TALK))
    assert driver.policy == new
    driver.close()


async def test_new_rules_move_the_timer() -> None:
    outside = Outside(replace(POLICY, idle_hang_up_s=3600.0))
    outside.driver.post(StartAsked())
    outside.driver.adopt(replace(POLICY, idle_hang_up_s=0.001))
    async with asyncio.timeout(5):
        while not any(isinstance(step.event, TimePassed) for step in outside.steps):  # noqa: ASYNC110
            await asyncio.sleep(0)
    outside.driver.close()
