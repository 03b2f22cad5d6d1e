"""A session played in virtual time: events in, effects out, and what must hold after every step.

`Play` is for playbooks that read like the documentation; after every step it checks the invariants.
"""

from __future__ import annotations

from appliance.session.deadlines import deadline
from appliance.session.effects import Effect, PlayCue, ReportState
from appliance.session.events import (
    Booted,
    BotReady,
    BotStarted,
    Connected,
    Event,
    OfferAnswered,
    TimePassed,
)
from appliance.session.invariants import World, check
from appliance.session.machine import step
from appliance.session.policy import Policy
from appliance.session.state import State

REPLY = {"sessionId": "s1"}


class Play:
    """One appliance in virtual time. Calling it hands it an event; the effects come back."""

    def __init__(self, policy: Policy | None = None, state: State | None = None, world: World | None = None) -> None:
        self.policy = policy or Policy()
        self.now_s = 0.0
        self.jitter = 0.5
        self.state = state or State()
        self.world = world or World()
        self.entered: list[str] = []
        self.cues: list[str] = []

    @classmethod
    def booted(cls, **policy: object) -> Play:
        play = cls(Policy(**policy))  # type: ignore[arg-type]
        play(Booted())
        return play

    def __call__(self, event: Event, *, after_s: float = 0.0) -> tuple[Effect, ...]:
        self.now_s += after_s
        self.state, effects = step(self.state, event, now_s=self.now_s, jitter=self.jitter, policy=self.policy)
        for effect in effects:
            self.world = self.world.after(effect, self.now_s, self.policy)
            if isinstance(effect, ReportState):
                self.entered.append(effect.state.value)
            if isinstance(effect, PlayCue):
                self.cues.append(effect.cue.value)
        check(self.state, self.world, self.policy, self.now_s)
        return tuple(effect for effect in effects if not isinstance(effect, ReportState | PlayCue))

    def wait(self) -> tuple[Effect, ...]:
        """Let the time pass to the next deadline, which there must be."""
        due = deadline(self.state, self.policy, self.now_s)
        assert due is not None
        return self(TimePassed(), after_s=due - self.now_s)

    def wait_until(self, at_s: float) -> None:
        """Let the time pass to *at_s*, deadline by deadline."""
        while (due := deadline(self.state, self.policy, self.now_s)) is not None and due <= at_s:
            self.wait()
        self(TimePassed(), after_s=at_s - self.now_s)

    @property
    def attempt(self) -> int:
        return self.state.link.attempt

    @property
    def transport_state(self) -> str:
        return self.state.link.state.value

    def runner_answers(self) -> None:
        """A runner and a bot that do what they should, from wherever the dial stands to ready."""
        attempt = self.attempt
        for event in (
            BotStarted(attempt, REPLY),
            OfferAnswered(attempt),
            Connected(attempt),
            BotReady(attempt, "2.2.0"),
        ):
            self(event)
