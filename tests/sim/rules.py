"""What must hold of one step, by what happened in it: the promises to people, in other words than the machine's.

The invariants of states and effects are `session.invariants`; what is about longer times is in `life`.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.session.effects import DeliverWords, Effect, SendTurn
from appliance.session.events import (
    AttemptFailed,
    BotReady,
    BotSpeaking,
    ButtonPressed,
    ButtonReleased,
    ClockStepped,
    ConnectAsked,
    Event,
    MuteAsked,
    NetworkChanged,
    Role,
    StopAsked,
    TurnDelivered,
    UserSpeaking,
)
from appliance.session.indicator import Meaning, meaning
from appliance.session.invariants import must
from appliance.session.lifecycle import DOWN, UP, TransportState
from appliance.session.policy import RETRY_AFTER_MAX_S, SPREAD_S, Policy
from appliance.session.state import Phase, State, Turn

_QUIET_LIGHTS = frozenset({Meaning.IDLE, Meaning.READY, Meaning.THINKING, Meaning.CONNECTING})
_SOON_S = 1e-6


@dataclass(frozen=True, slots=True)
class Taken:
    """One step."""

    now_s: float
    event: Event
    before: State
    after: State
    effects: tuple[Effect, ...]
    policy: Policy


def promises(step: Taken) -> None:
    """Raises `InvariantError`."""
    _waits(step)
    _visible(step)
    if step.before.quitting:
        return
    match step.event:
        case ButtonPressed(role=Role.TALK):
            _talk_pressed(step)
        case ButtonPressed(role=Role.SESSION) if step.before.link.state in UP:
            _ended(step, "a session press ends a session")
        case StopAsked():
            _ended(step, "asked to stop, it stops")
        case ButtonReleased(role=Role.TALK) if not step.policy.toggle:
            held = step.after.talk.held
            must(held or step.after.talk.turn is not Turn.OPEN, "no turn stays open without a held button")
        case MuteAsked(on=on):
            must(step.after.talk.muted == on, "asked to mute, it mutes")
        case TurnDelivered() if step.before.talk.told:
            _delivered(step)
        case NetworkChanged(way=True) if step.before.recovery.waiting_for == "network":
            _dials_soon(step, "it dials at once when the network is back")
        case ClockStepped() if step.before.recovery.waiting_for == "clock":
            _dials_soon(step, "it dials at once when the clock is set")
        case _:
            pass
    _ready(step)


def uses(event: Event) -> bool:
    """Somebody uses the appliance, by their own doing or by the bot's account."""
    return isinstance(
        event,
        ButtonPressed
        | ButtonReleased
        | MuteAsked
        | ConnectAsked
        | BotSpeaking
        | UserSpeaking
        | TurnDelivered
        | BotReady,
    )


def _waits(step: Taken) -> None:
    """No wait is longer than the policy allows, or than a runner asked for."""
    recovery, policy = step.after.recovery, step.policy
    if recovery.retry_at_s is None or recovery.retry_at_s == step.before.recovery.retry_at_s:
        return
    asked_s = 0.0
    if isinstance(step.event, AttemptFailed):
        asked_s = min(step.event.failure.retry_after_s or 0.0, RETRY_AFTER_MAX_S)
    longest_s = max(policy.longest_wait_s, policy.least_gap_s, asked_s)
    must(recovery.retry_at_s <= step.now_s + longest_s + _SOON_S, "no wait is longer than the policy allows")


def _visible(step: Taken) -> None:
    """What is wrong, or under way, is never behind a quiet light."""
    lit = meaning(step.after, step.policy, step.now_s)
    if step.after.recovery.phase is not Phase.NONE:
        must(lit not in _QUIET_LIGHTS, "a failure is seen in the light")
    must(step.after.booted == (lit is not Meaning.STARTING), "the light says starting until it has started")
    muted = step.after.talk.muted and lit in (Meaning.LISTENING, Meaning.TIME_OUT)
    must(not muted, "muted, the light never says listening")


def _talk_pressed(step: Taken) -> None:
    before, after = step.before, step.after
    closes = step.policy.toggle and before.talk.turn is Turn.OPEN
    second = before.talk.held and not step.policy.toggle
    if after.talk.muted or closes or second:
        return
    must(after.talk.turn is Turn.OPEN, "a talk press opens a turn")
    if before.link.state in UP and not before.link.bot_gone and after.link.attempt == before.link.attempt:
        return  # there was a session
    if after.link.state in DOWN:
        _dials_soon(step, "a talk press dials now, or as soon as least_gap_s allows", at_once=True)


def _dials_soon(step: Taken, rule: str, *, at_once: bool = False) -> None:
    recovery = step.after.recovery
    if step.after.link.state not in DOWN:
        return
    if step.after.network.cut_s is not None:
        must(recovery.phase is Phase.WAITING, "without a way to the runner it waits for one")
        return
    earliest_s = step.now_s if recovery.dialled_s is None else recovery.dialled_s + step.policy.least_gap_s
    soon_s = max(earliest_s, step.now_s + (0.0 if at_once else SPREAD_S))
    must(recovery.retry_at_s is not None and recovery.retry_at_s <= soon_s + _SOON_S, rule)


def _ended(step: Taken, rule: str) -> None:
    link, talk = step.after.link, step.after.talk
    must(link.state in DOWN or link.state is TransportState.DISCONNECTING, rule)
    must((talk.turn is Turn.NONE or link.parting) and not step.after.recovery.wanted, rule)


def _delivered(step: Taken) -> None:
    """The bot is told of a turn's end behind its last word, once."""
    assert isinstance(step.event, TurnDelivered)
    before = step.before.talk
    if before.turn is Turn.CLOSING and before.number == step.event.turn:
        stops = [effect for effect in step.effects if isinstance(effect, SendTurn) and effect.state == "stop"]
        must(len(stops) == 1 or step.before.link.state is not TransportState.READY, "a delivered turn is ended")
        must(step.after.talk.turn is Turn.NONE, "a delivered turn is over")


def _ready(step: Taken) -> None:
    """Words follow the message that opens their turn."""
    before, after, effects = step.before, step.after, step.effects
    ours = isinstance(step.event, BotReady) and step.event.attempt == before.link.attempt
    if ours and before.link.state is TransportState.CONNECTED:
        must(after.link.state is TransportState.READY, "bot-ready makes it ready")
        must(after.recovery.reason is None, "a success clears the reason")
    delivers = [place for place, effect in enumerate(effects) if isinstance(effect, DeliverWords)]
    starts = [place for place, effect in enumerate(effects) if isinstance(effect, SendTurn) and effect.state == "start"]
    must(not delivers or not starts or starts[-1] < delivers[0], "words follow the message that opens their turn")
    open_ = after.link.state is TransportState.READY and not after.link.bot_gone and after.talk.tap_until_s is None
    must(not open_ or after.talk.turn is Turn.NONE or after.talk.told, "a bot that is there knows of the turn")
