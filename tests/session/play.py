"""A session played in virtual time: events in, effects out, and what must hold after every step.

`Play` is for playbooks that read like the documentation; it also follows the effects as the outside would (which link
is open, is the microphone open, ...) and compares that with the state after every step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from appliance.session.effects import (
    CloseLink,
    CloseMicrophone,
    CloseSpeaker,
    Connect,
    DeliverWords,
    Effect,
    Exit,
    HoldWords,
    LeavePolitely,
    Listen,
    MuteSpeaker,
    OpenMicrophone,
    OpenSpeaker,
    ReportState,
    SendTurn,
    StartBot,
)
from appliance.session.events import (
    Booted,
    BotReady,
    BotStarted,
    Connected,
    Event,
    OfferAnswered,
    TimePassed,
)
from appliance.session.lifecycle import DOWN, UP, TransportState
from appliance.session.machine import step
from appliance.session.policy import Policy
from appliance.session.state import Phase, State, Turn, deadline, listening

REPLY = {"sessionId": "s1"}


@dataclass(frozen=True, slots=True)
class World:
    """What the effects so far have made of the outside. Every rule about effects stands here, as an assertion."""

    link: int = 0
    """The attempt that has something open, or 0."""
    offered: bool = False
    microphone: bool = False
    turn: int = 0
    """What the microphone is open for; 0: no turn."""
    gated: bool | None = None
    """Open behind the gate, and whether what passes is kept."""
    muted: bool = False
    delivering: bool = False
    speaker: bool = False
    turn_open_at_bot: bool = False
    dialled_s: float = -1e9
    exited: bool = False

    def after(self, effect: Effect, now_s: float, policy: Policy) -> World:  # noqa: C901 - one flat table
        match effect:
            case StartBot(attempt) | Connect(attempt) if attempt != self.link:
                assert not self.link, "never two sessions at once"
                assert now_s - self.dialled_s >= policy.least_gap_s - 1e-9, "never two dials closer than least_gap_s"
                assert not self.exited
                direct = isinstance(effect, Connect)
                return replace(self, link=attempt, offered=direct, turn_open_at_bot=False, dialled_s=now_s)
            case Connect():
                assert not self.offered, "one offer a session"
                return replace(self, offered=True)
            case CloseLink(attempt):
                return replace(self, link=0 if attempt == self.link else self.link, turn_open_at_bot=False)
            case LeavePolitely(attempt):
                assert attempt == self.link and self.offered, "only a bot that was offered to can be told to leave"
            case SendTurn(attempt, state):
                assert attempt == self.link
                assert self.turn_open_at_bot == (state == "stop"), "start and stop of a turn alternate"
                return replace(self, turn_open_at_bot=state == "start")
            case OpenMicrophone(turn):
                return replace(self, microphone=True, turn=turn, gated=None)
            case Listen(keep):
                return replace(self, microphone=True, turn=0, gated=keep)
            case CloseMicrophone():
                return replace(self, microphone=False, turn=0, gated=None)
            case DeliverWords(attempt):
                assert attempt == self.link
                return replace(self, delivering=True)
            case HoldWords():
                return replace(self, delivering=False)
            case MuteSpeaker(on):
                return replace(self, muted=on)
            case OpenSpeaker():
                return replace(self, speaker=True)
            case CloseSpeaker():
                return replace(self, speaker=False)
            case Exit():
                assert not self.exited and not self.link
                return replace(self, exited=True)
        return self


def check(state: State, world: World, policy: Policy, now_s: float) -> None:
    """The invariants: what the state may be, and that the outside is as the state says."""
    link, talk, recovery = state.link, state.talk, state.recovery
    due = deadline(state, policy, now_s)
    assert due is None or due > now_s, "what was due has been dealt with"
    assert (recovery.phase in (Phase.RETRYING, Phase.WAITING)) == (recovery.retry_at_s is not None), "both have a time"
    assert (recovery.phase is Phase.WAITING) == (recovery.waiting_for is not None), "what is waited for has a name"
    assert recovery.phase is Phase.NONE or link.state in DOWN, "recovery is for when there is no session"
    assert recovery.phase is not Phase.GIVEN_UP or (not recovery.wanted and recovery.reason), "given up has a reason"
    assert link.state not in UP or recovery.wanted or link.bot_gone, "no session that nobody wants"
    assert not (recovery.wanted and link.state in DOWN) or recovery.phase is not Phase.NONE, "a wish is never forgotten"
    limited = link.state not in DOWN and link.state not in (TransportState.READY, TransportState.AUTHENTICATED)
    assert not limited or link.deadline_s is not None, "every phase of a session has an end"
    assert not link.bot_gone or link.deadline_s is not None
    assert talk.turn is Turn.NONE or recovery.wanted, "no words are kept for a session that nobody wants"
    assert not talk.told or (link.state is TransportState.READY and talk.turn is not Turn.NONE)
    assert not link.draining or link.state is TransportState.DISCONNECTING

    capturing, undecided = talk.turn in (Turn.OPEN, Turn.TAIL), talk.tap_until_s is not None
    assert not (talk.muted and world.microphone), "muted, the microphone is closed"
    assert not (talk.muted and capturing)
    assert not talk.hands_free or recovery.wanted, "hands-free for as long as a session is wanted"
    assert world.microphone == (capturing or (talk.hands_free and not talk.muted)), "open for a turn, or hands-free"
    assert world.turn == (talk.number if capturing else 0)
    kept = link.state in UP and not link.bot_gone
    assert world.gated == (kept if talk.hands_free and not talk.muted and not capturing else None)
    assert world.muted == (policy.half_duplex and capturing and not undecided)
    up = link.state is TransportState.READY and not link.bot_gone
    assert world.delivering == (up and not undecided), "words leave in READY alone, and not while a press may be a tap"
    assert not listening(state) or world.microphone, "the light is never green with a closed microphone"
    assert world.turn_open_at_bot == talk.told or link.bot_gone
    assert world.link == (link.attempt if link.state not in DOWN and not link.draining else 0)
    assert world.speaker == (link.state in UP), "the speaker is open for a session alone"
    assert not state.quitting or link.state not in DOWN or world.exited


class Play:
    """One appliance in virtual time. Calling it hands it an event; the effects come back."""

    def __init__(self, policy: Policy | None = None, state: State | None = None, world: World | None = None) -> None:
        self.policy = policy or Policy()
        self.now_s = 0.0
        self.jitter = 0.5
        self.state = state or State()
        self.world = world or World()
        self.entered: list[str] = []

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
        check(self.state, self.world, self.policy, self.now_s)
        return tuple(effect for effect in effects if not isinstance(effect, ReportState))

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
