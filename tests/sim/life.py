"""One life: a plan lived, and the rules that are about more than one step."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from appliance.session.effects import Effect
from appliance.session.events import (
    Booted,
    ButtonPressed,
    ButtonReleased,
    ClockStepped,
    Event,
    NetworkChanged,
    Role,
    ShutdownAsked,
    TimePassed,
)
from appliance.session.invariants import InvariantError, must
from appliance.session.lifecycle import UP, TransportState
from appliance.session.policy import Policy
from appliance.session.state import Phase, State, Turn
from tests.sim.box import Box
from tests.sim.clock import Clock
from tests.sim.people import People
from tests.sim.plans import POLICIES, Deed, Doing, Fault, Ill, Plan, alike, met_within_s
from tests.sim.roads import Roads
from tests.sim.rules import Taken, idle_hang_up, promises, touches, uses
from tests.sim.runner import Runner
from tests.sim.weather import Weather

ACTS_MAX = 500
ENDS_WITHIN_S = 8.0
"""For the process to end after it was asked to."""
QUIET_WINDOW_S = 600.0
LATE_S = 0.001
NOTICED_WITHIN_S = 5.0
FOUND_WITHIN_S = 0.5
"""News of it takes 0.3 s here."""
DELIVERED_WITHIN_S = 5.0
"""The roads here take 1.5 s at most."""

Told = Callable[[float, Event, Box, tuple[Effect, ...]], None]


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of a life in which no rule was broken."""

    steps: int
    sessions: int
    failures: int


class BrokenError(Exception):
    """A rule was broken, or the machine raised. The world stands as it was then."""

    def __init__(self, plan: Plan, at_s: float, rule: str) -> None:
        super().__init__(f"seed {plan.seed} ({plan.policy}), at {at_s:.3f} s: {rule}")
        self.plan = plan
        self.rule = rule


class Life:
    def __init__(self, plan: Plan, tell: Told | None = None) -> None:
        self._plan = plan
        self._tell = tell
        self.clock = Clock()
        rng = random.Random(plan.seed)
        self.box = Box(self.clock, rng, POLICIES[plan.policy], self._perform, self._watch)
        self._weather = Weather(self.clock, self._changed)
        self._roads = Roads(self.clock, rng, self._weather, self.box.post)
        self._runner = Runner(self.clock, rng, self._weather, self._roads, self.box.post)
        self._people = People(self.clock, self.box.post)
        self._rng = rng
        self._others = [policy for policy in POLICIES.values() if alike(policy, self.box.policy)]
        self._without_since_s = math.inf
        """Since when a session is wanted and is not there; infinity while that is not so."""
        self._quiet_dials: list[float] = []
        self._asked_to_end_s = math.inf
        self._used_s = self._touched_s = 0.0
        self._press_found = False
        self._dead_since_s = self._lives_since_s = math.inf
        self._arriving_s = 0.0
        """Since when a closed turn is on its way, and nothing else has been done."""
        self._policy = self.box.policy
        self._changed_s = 0.0
        self._sessions = 0
        self._failures = 0

    def live(self) -> Lived:
        """All of the plan. Raises `BrokenError`."""
        for fault in self._plan.faults:
            self.befall(fault)
        for deed in self._plan.deeds:
            self.clock.at(deed.at_s, lambda deed=deed: self.do(deed))  # type: ignore[misc]
        self.clock.at(0.0, lambda: self.box.post(Booted()))
        self.until(self._plan.length_s)
        return Lived(self.box.steps, self._sessions, self._failures)

    def befall(self, fault: Fault) -> None:
        """Have *fault* happen at its time."""
        self._weather.expect(fault)
        if fault.ill is Ill.BOX_STALLED:
            self.clock.at(fault.at_s, lambda: self.box.stall(fault.lasts_s))
            self.clock.at(fault.at_s + fault.lasts_s, lambda: self._runner.held_up(fault.lasts_s))

    def until(self, end_s: float) -> None:
        """Let time pass to *end_s*, and all happen that does. Raises `BrokenError`."""
        clock, box = self.clock, self.box
        try:
            while True:
                due_s = math.inf if box.due_s is None else max(box.due_s, box.stalled_until_s)
                if min(due_s, clock.next_s) > end_s:
                    break
                if due_s <= clock.next_s:
                    clock.now_s = max(due_s, clock.now_s)
                    box.post(TimePassed())
                else:
                    clock.do_next()
                self._rules()
        except Exception as error:
            rule = str(error) if isinstance(error, InvariantError) else f"{type(error).__name__}: {error}"
            raise BrokenError(self._plan, clock.now_s, rule) from error
        clock.now_s = end_s

    # --- what happens

    def _perform(self, effect: Effect) -> None:
        self._roads.perform(effect)
        self._runner.perform(effect)

    def _changed(self, ill: Ill, begins: bool) -> None:
        self._tell_of_the_host(ill, begins)
        self._roads.changed(ill, begins)
        self._runner.changed(ill, begins)

    def _tell_of_the_host(self, ill: Ill, begins: bool) -> None:
        """What `service.network` and `service.clock` would say."""
        if ill is Ill.NO_ROUTE:
            moved = not begins and self._rng.random() < 0.3
            if moved:
                self._runner.cut_off()
            self.box.post(NetworkChanged(not begins, moved, "there is no way to the runner" if begins else ""))
        elif ill is Ill.ADDRESS_MOVES and begins and not self._weather.has(Ill.NO_ROUTE):
            self.box.post(NetworkChanged(True, moved=True))
        elif ill is Ill.CLOCK_UNSET and not begins:
            self.box.post(ClockStepped())

    def do(self, deed: Deed) -> None:
        """Now."""
        self._quiet_dials.clear()
        if self._people.do(deed):
            return
        if deed.doing is Doing.SPEAK:
            self._roads.speak(deed.lasts_s)
            self._runner.speak()
        elif deed.doing is Doing.RELOAD:
            self.box.adopt(self._rng.choice(self._others))
        elif deed.doing is Doing.SHUT_DOWN and math.isinf(self._asked_to_end_s):
            self._asked_to_end_s = self.clock.now_s
            self.box.post(ShutdownAsked())
            if deed.lasts_s < 0.2:
                self.box.post(ShutdownAsked())
            self.clock.after(ENDS_WITHIN_S + 30.0, self._boot)

    def _boot(self) -> None:
        self._asked_to_end_s = math.inf
        self._roads.start_anew()
        self._runner.start_anew()
        self.box.start_anew()
        if self._weather.has(Ill.NO_ROUTE):
            self._tell_of_the_host(Ill.NO_ROUTE, True)
        self.box.post(Booted())

    # --- what must hold

    def _watch(self, event: Event, before: State, effects: tuple[Effect, ...]) -> None:
        state, now_s, policy = self.box.state, self.clock.now_s, self.box.policy
        if self._tell is not None:
            self._tell(now_s, event, self.box, effects)
        judged = state.life.lost and not before.life.lost and not isinstance(event, NetworkChanged)
        doubted = now_s <= self._lives_since_s + FOUND_WITHIN_S or now_s <= self.box.stalled_until_s + FOUND_WITHIN_S
        must(not judged or doubted, "a link that lives is not judged dead")
        promises(Taken(now_s, event, before, state, effects, policy))
        self._tapped(event, before)
        early = now_s < self._used_s + policy.idle_hang_up_s - LATE_S
        must(not early or not idle_hang_up(effects), "nobody is hung up on sooner than after idle_hang_up_s")
        if uses(event, before):
            self._used_s = self._touched_s = now_s
        ready = state.link.state is TransportState.READY
        if touches(event) or (ready and before.link.state is not TransportState.READY):
            self._touched_s = now_s
        self._sessions += ready and before.link.state is not TransportState.READY
        self._failures += state.recovery.count > before.recovery.count
        if state.link.attempt > before.link.attempt:
            self._quiet_dials.append(now_s)
        waits = state.link.state is TransportState.AUTHENTICATED  # for whoever asks to connect, as long as they like
        if state.talk.turn is not Turn.CLOSING or effects:
            self._arriving_s = now_s  # it may have begun anew
        if not state.recovery.wanted or ready or waits:
            self._without_since_s = math.inf
        elif math.isinf(self._without_since_s):
            self._without_since_s = now_s

    def _rules(self) -> None:
        """After each act, when all that it led to has been taken."""
        state, now_s, policy = self.box.state, self.clock.now_s, self.box.policy
        must(len(self.clock) <= ACTS_MAX, "nothing that waits grows")
        if now_s < self.box.stalled_until_s:
            return
        ends = max(self._asked_to_end_s, self.box.stalled_until_s) if not math.isinf(self._asked_to_end_s) else math.inf
        must(now_s <= ends + ENDS_WITHIN_S or state.exited, "asked to end, the process ends within a bounded time")
        listens = state.talk.turn is not Turn.NONE or (state.talk.hands_free and state.recovery.wanted)
        must(not self._roads.kept_of or listens, "no words are kept of what is over")
        must(state.deaf == self._roads.deaf, "a microphone is deaf until it hears")
        since_s = max(self._without_since_s, self._weather.healthy_since_s, self.box.stalled_until_s)
        must(now_s <= since_s + met_within_s(policy), "after the last fault heals a wanted session is up")
        self._storm(now_s, policy)
        self._dead_link(state, now_s)
        self._limits(state, now_s, policy)

    def _dead_link(self, state: State, now_s: float) -> None:
        """A dead link in a session is noticed in time."""
        ready = state.link.state is TransportState.READY and not state.link.bot_gone
        if not (ready and self._runner.dead()):
            self._dead_since_s = math.inf
        elif math.isinf(self._dead_since_s):
            self._dead_since_s = now_s
        stalled_s = self.box.stalled_until_s
        must(now_s <= max(self._dead_since_s, stalled_s) + NOTICED_WITHIN_S, "a dead link is noticed within 5 s")
        if not self._runner.lives():
            self._lives_since_s = math.inf
        elif math.isinf(self._lives_since_s):
            self._lives_since_s = now_s
        lives_s = max(self._lives_since_s, stalled_s)
        must(not state.life.lost or now_s <= lives_s + FOUND_WITHIN_S, "a link that lives again is found to")

    def _tapped(self, event: Event, before: State) -> None:
        """What a tap of the combined button does is decided by what its press found."""
        state = self.box.state
        match event:
            case ButtonPressed(role=Role.COMBINED) if not before.talk.held:
                there = before.link.state in UP and not before.link.bot_gone
                self._press_found = there or before.recovery.phase in (Phase.RETRYING, Phase.WAITING)
            case ButtonReleased(role=Role.COMBINED) if not state.talk.held and not before.quitting:
                tapped = before.talk.tap_until_s is not None and before.talk.tap_until_s > self.clock.now_s
                must(not tapped or state.recovery.wanted != self._press_found, "a tap starts, or stops what it found")
                must(not tapped or state.talk.turn is Turn.NONE, "a tap is no turn")
            case _:
                pass

    def _limits(self, state: State, now_s: float, policy: Policy) -> None:
        """What has a limit ends at it; by new rules, or after a stall, at once."""
        if policy is not self._policy:
            self._policy, self._changed_s = policy, now_s
        link, talk = state.link, state.talk
        late_s = now_s - LATE_S
        if state.exited or late_s <= max(self._changed_s, self.box.stalled_until_s):
            return
        own: tuple[float | None, ...] = (
            link.deadline_s,
            state.recovery.retry_at_s,
            talk.tap_until_s,
            talk.lost_until_s,
        )
        own += (state.life.probe_at_s, state.life.probe_until_s, state.life.verdict_at_s)
        must(all(time_s is None or late_s <= time_s for time_s in own), "nothing that is due is left waiting")
        arriving = talk.turn is Turn.CLOSING and self.box.world.delivering
        must(not arriving or late_s <= self._arriving_s + DELIVERED_WITHIN_S, "a turn that can be delivered is")
        if talk.turn is Turn.OPEN:
            must(late_s <= talk.opened_s + policy.time_out_s, "a turn ends at its limit")
        if link.state is not TransportState.READY or link.bot_gone:
            return
        must(not policy.max_session_s or late_s <= link.ready_s + policy.max_session_s, "a session ends at its limit")
        quiet = talk.turn is Turn.NONE and not link.bot_speaking and not link.user_speaking
        if quiet and policy.idle_hang_up_s and not policy.keep_always:
            must(late_s <= self._touched_s + policy.idle_hang_up_s, "an unused session is hung up")

    def _storm(self, now_s: float, policy: Policy) -> None:
        dials = self._quiet_dials
        while dials and dials[0] < now_s - QUIET_WINDOW_S:
            del dials[0]
        pause_s = min(policy.longest_wait_s / 2, policy.stable_after_s)
        must(len(dials) <= 16 + QUIET_WINDOW_S / pause_s, "recovery does not storm")


def live(plan: Plan, tell: Told | None = None) -> Lived:
    return Life(plan, tell).live()
