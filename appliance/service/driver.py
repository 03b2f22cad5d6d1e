"""The driver: events in, one pure step each, effects out, one timer armed.

Theory of operation: everything here happens on the event loop. Threads hand their events over through
`post_from_thread`, which is the one place where they meet asyncio. An event that comes while another is being dealt
with waits its turn, so that effects are always done in the order in which they were decided. After each step the
observers see what happened; they publish, count and light the light, and cannot change anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appliance.session.deadlines import deadline
from appliance.session.effects import Effect
from appliance.session.events import Event, TimePassed
from appliance.session.machine import step
from appliance.session.policy import Policy
from appliance.session.state import State, Turn
from appliance.telling import tell
from appliance.units import Seconds

log = logging.getLogger("appliance")


@dataclass(frozen=True, slots=True)
class Step:
    """One step, for those who watch."""

    at_s: Seconds
    event: Event
    before: State
    after: State
    effects: tuple[Effect, ...]
    policy: Policy
    """That decided it."""
    jitter: float


Observer = Callable[[Step], None]


class Driver:
    """Owns the state. Loop only, but for `post_from_thread`. *perform* must not block.

    What a step, an effect or an observer raises is a bug: it is logged, *crashed* is told, and no step follows.
    """

    def __init__(
        self,
        policy: Policy,
        perform: Callable[[Effect], None],
        crashed: Callable[[BaseException], None],
        observers: Sequence[Observer] = (),
        *,
        clock: Callable[[], Seconds] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.policy = policy
        self.state = State()
        self.failed = False
        """No step follows any more."""
        self._perform = perform
        self._crashed = crashed
        self._observers = tuple(observers)
        self._clock = clock
        self._jitter = jitter
        self._loop = asyncio.get_running_loop()
        self._events: deque[Event] = deque()
        self._stepping = False
        self._timer: asyncio.TimerHandle | None = None
        self._next_policy: Policy | None = None

    def adopt(self, policy: Policy) -> None:
        """Decide by *policy* as soon as no button is held and no turn is open: a turn ends by the rules it began by.

        `policy` tells which one is in force.
        """
        self._next_policy = policy
        if not self._stepping:
            self._change_rules()
            self._arm()

    def post(self, event: Event) -> None:
        """Take *event*: at once, or right behind the one that is being taken."""
        self._events.append(event)
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._events:
                self._step(self._events.popleft())
        except Exception as error:  # noqa: BLE001 - the one place: half a step done is a state that nobody knows
            tell(log, logging.ERROR, "step_failed", trace=error, step=type(event).__name__)
            self.failed = True
            self._crashed(error)
            return  # still stepping, so that no event is taken any more
        self._stepping = False
        self._change_rules()
        self._arm()

    def post_from_thread(self, event: Event) -> None:
        """As `post`, from any thread. After the loop has closed nobody is interested any more."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.post, event)

    def close(self) -> None:
        """Arm no timer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _step(self, event: Event) -> None:
        now_s, jitter, before = self._clock(), self._jitter(), self.state
        effects: tuple[Effect, ...] = ()
        try:
            self.state, effects = step(before, event, now_s=now_s, jitter=jitter, policy=self.policy)
            for effect in effects:
                self._perform(effect)
        finally:  # one that fails is seen, too: a trace must not end just before what it is for
            done = Step(now_s, event, before, self.state, effects, self.policy, jitter)
            for observer in self._observers:
                observer(done)

    def _change_rules(self) -> None:
        talk = self.state.talk
        if self._next_policy is not None and not talk.held and talk.turn is Turn.NONE:
            self.policy, self._next_policy = self._next_policy, None

    def _arm(self) -> None:
        self.close()
        now_s = self._clock()
        due_s = deadline(self.state, self.policy, now_s)
        if due_s is not None and not self.state.exited:
            self._timer = self._loop.call_later(max(due_s - now_s, 0.0), self.post, TimePassed())
