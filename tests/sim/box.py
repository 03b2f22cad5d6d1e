"""The box: the real machine under a driver in virtual time, and after every step what must hold."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from appliance.session.deadlines import deadline
from appliance.session.effects import Effect, ReportError
from appliance.session.events import Event, StopAsked, TimePassed
from appliance.session.invariants import World, check, must
from appliance.session.lifecycle import DOWN
from appliance.session.machine import step
from appliance.session.policy import Policy
from appliance.session.state import Phase, State, Turn
from tests.sim.clock import Clock

LEAVES_WITHIN_S = 7.0
"""Twice `leave_timeout_s` while the channel is not open yet, and a second."""
STEPS_IN_A_SECOND_MAX = 100
EFFECTS_IN_A_STEP_MAX = 24
_PROBED_EACH = 13
"""Steps between two trials of a disconnect; a prime, so that no rhythm of events hides from it."""


class Box:
    """Takes events as `service.driver` does. *perform* does the effects; *watch* is told after each step."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        policy: Policy,
        perform: Callable[[Effect], None],
        watch: Callable[[Event, State, tuple[Effect, ...]], None],
    ) -> None:
        self.clock = clock
        self.policy = policy
        self.state = State()
        self.world = World()
        self.due_s: float | None = None
        self.steps = 0
        self.stalled_until_s = 0.0
        self._rng = rng
        self._perform = perform
        self._watch = watch
        self._events: deque[Event] = deque()
        self._stepping = False
        self._next_policy: Policy | None = None
        self._second = (0, 0)

    # --- what its surroundings do with it

    def post(self, event: Event) -> None:
        self._events.append(event)
        if not self._stepping and self.clock.now_s >= self.stalled_until_s:
            self.work()

    def work(self) -> None:
        """Take what has come. Nothing happens while the loop stands still."""
        if self._stepping or self.clock.now_s < self.stalled_until_s:
            return
        self._stepping = True
        while self._events:
            self._step(self._events.popleft())
        self._stepping = False
        self._change_rules()

    def stall(self, lasts_s: float) -> None:
        self.stalled_until_s = max(self.stalled_until_s, self.clock.now_s + lasts_s)
        self.clock.at(self.stalled_until_s, self.work)

    def adopt(self, policy: Policy) -> None:
        self._next_policy = policy
        self._change_rules()

    def start_anew(self) -> None:
        """A new process: it remembers nothing."""
        self.state, self.world, self.due_s = State(), World(), None
        self._events.clear()

    # --- inside

    def _change_rules(self) -> None:
        if self._next_policy is not None and not self.state.talk.held and self.state.talk.turn is Turn.NONE:
            self.policy, self._next_policy = self._next_policy, None
            self.due_s = deadline(self.state, self.policy, self.clock.now_s)

    def _step(self, event: Event) -> None:
        now_s, before, policy = self.clock.now_s, self.state, self.policy
        jitter = self._rng.random()
        state, effects = step(before, event, now_s=now_s, jitter=jitter, policy=policy)
        self.state = state
        if getattr(event, "attempt", before.link.attempt) != before.link.attempt:
            without = step(before, TimePassed(), now_s=now_s, jitter=jitter, policy=policy)
            must((state, effects) == without, "what is said of another attempt changes nothing")
        world = self.world
        for effect in effects:
            world = world.after(effect, now_s, policy)
        self.world = world
        check(state, world, policy, now_s)
        self._failures(effects)
        self._growth(effects)
        self.steps += 1
        if self.steps % _PROBED_EACH == 0:
            self._could_disconnect()
        self.due_s = None if state.exited else deadline(state, policy, now_s)
        for effect in effects:
            self._perform(effect)
        self._watch(event, before, effects)

    def _failures(self, effects: tuple[Effect, ...]) -> None:
        """A failure ends in one of: retrying with a time, waiting for a named thing, given up, or no wish."""
        fatal = any(isinstance(effect, ReportError) and effect.fatal for effect in effects)
        recovery, now_s = self.state.recovery, self.clock.now_s
        if not fatal or self.state.link.state not in DOWN:
            return  # the next dial has been made in the same step
        must(recovery.reason or not recovery.wanted, "a failure has a reason")
        in_time = recovery.retry_at_s is not None and recovery.retry_at_s > now_s
        ends = (
            recovery.phase is Phase.RETRYING and in_time,
            recovery.phase is Phase.WAITING and in_time and recovery.waiting_for is not None,
            recovery.phase is Phase.GIVEN_UP and not recovery.wanted,
            recovery.phase is Phase.NONE and not recovery.wanted,
        )
        must(sum(ends) == 1, "a failure ends in retrying, waiting, given up, or nobody wants a session")

    def _growth(self, effects: tuple[Effect, ...]) -> None:
        must(len(effects) <= EFFECTS_IN_A_STEP_MAX, "a step has few effects")
        must(len(self.state.talk.held) <= 2, "what is held is bounded by the buttons there are")
        second, count = self._second
        this = int(self.clock.now_s)
        self._second = (this, count + 1 if this == second else 1)
        must(self._second[1] <= STEPS_IN_A_SECOND_MAX, "no storm of steps")

    def _could_disconnect(self) -> None:
        """From here a disconnect closes the microphone at once, and ends the session within a bounded time."""
        state, world, now_s, policy = self.state, self.world, self.clock.now_s, self.policy
        event: Event = StopAsked()
        due_s: float | None = now_s
        while due_s is not None:
            state, effects = step(state, event, now_s=due_s, jitter=0.5, policy=policy)
            for effect in effects:
                world = world.after(effect, due_s, policy)
            check(state, world, policy, due_s)
            must(not world.microphone, "a disconnect closes the microphone at once")
            if state.link.state in DOWN:
                must(not state.recovery.wanted, "a disconnect ends the wish")
                return
            event, due_s = TimePassed(), deadline(state, policy, due_s)
            must(due_s is not None and due_s <= now_s + LEAVES_WITHIN_S, "a disconnect ends within a bounded time")
