"""What must hold of one step, by what happened in it: the promises to people, in other words than the machine's.

The invariants of states and effects are `session.invariants`; what is about longer times is in `life`.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.session.effects import DeliverWords, Effect, OpenSpeaker, ReportEnd, SendTurn
from appliance.session.events import (
    AttemptFailed,
    Booted,
    BotAudible,
    BotError,
    BotLeft,
    BotReady,
    BotSpeaking,
    ButtonPressed,
    ButtonReleased,
    ClockStepped,
    ConnectAsked,
    Device,
    DeviceChanged,
    DeviceState,
    Event,
    MuteAsked,
    NetworkChanged,
    RoadRestarted,
    Role,
    ShutdownAsked,
    StartAsked,
    StopAsked,
    TimePassed,
    TurnDelivered,
    UserSpeaking,
    WordsLost,
)
from appliance.session.from_runner import FINAL_ERROR
from appliance.session.indicator import Meaning, meaning
from appliance.session.invariants import must
from appliance.session.lifecycle import DOWN, UP, TransportState
from appliance.session.policy import SPREAD_S, Policy
from appliance.session.state import Phase, State, Turn
from appliance.session.waits import RETRY_AFTER_MAX_S

_LISTENING = frozenset({Meaning.LISTENING, Meaning.TIME_OUT})
_LOUDER = _LISTENING | {Meaning.STARTING}
_QUIET_LIGHTS = frozenset({Meaning.IDLE, Meaning.READY, Meaning.THINKING, Meaning.CONNECTING})
_TOUCHES = (
    BotReady,
    BotSpeaking,
    ButtonPressed,
    ButtonReleased,
    ConnectAsked,
    MuteAsked,
    StartAsked,
    TurnDelivered,
    UserSpeaking,
)
_REFUSALS = (400, 401, 403, 404, 413, 422)
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
    _wish(step)
    _from_sound(step)
    attempt = getattr(step.event, "attempt", None)
    if attempt is None:
        _from_people(step)
    elif attempt == step.before.link.attempt and step.before.link.state not in DOWN:
        _from_runner(step)


def _from_people(step: Taken) -> None:
    if isinstance(step.event, ShutdownAsked):
        must(step.after.exited or not step.before.quitting, "asked twice to end, it ends at once")
    if step.before.quitting:
        return
    match step.event:
        case Booted():
            must(step.after.recovery.wanted == step.policy.keep_always, "a kiosk wants a session from boot on")
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
        case NetworkChanged(way=True, moved=True) if step.before.link.state is TransportState.READY:
            there = step.after.link.state is TransportState.READY and not step.before.link.bot_gone
            must(not there, "what was connected from an address that is gone is left at once")
        case NetworkChanged(way=True) if step.before.recovery.waiting_for == "network":
            _dials_soon(step, "it dials at once when the network is back")
        case ClockStepped() if step.before.recovery.waiting_for == "clock":
            _dials_soon(step, "it dials at once when the clock is set")
        case _:
            pass


def _from_runner(step: Taken) -> None:
    """*event* is of the session that is there."""
    before, after = step.before, step.after
    there = after.link.attempt == before.link.attempt and after.link.state not in DOWN
    ending = before.link.state is TransportState.DISCONNECTING
    match step.event:
        case BotReady() if before.link.state is TransportState.CONNECTED:
            must(after.link.state is TransportState.READY, "bot-ready makes it ready")
            must(after.recovery.reason is None, "a success clears the reason")
        case BotLeft() | AttemptFailed() if ending and not before.link.draining:
            must(not there, "an end that the other side has made is over")
        case BotLeft() if before.link.state is TransportState.READY and not before.link.bot_gone:
            must(after.recovery.wanted == step.policy.keep_always, "a bot that leaves ends the wish, but a kiosk's")
        case AttemptFailed(failure=failure) if not ending and after.recovery.wanted and not step.policy.keep_always:
            must(failure.status not in _REFUSALS, "a refusal waits for a person")
        case BotError(message=message, fatal=fatal) if not ending and not before.link.bot_gone:
            final = fatal or FINAL_ERROR in message
            must(not final or not there, "a bot that can speak no more is let go of")
        case _:
            pass


def _from_sound(step: Taken) -> None:
    before, after = step.before, step.after
    match step.event:
        case BotAudible(on=on):
            must(after.audible == on, "audible is what is heard")
        case WordsLost():
            lit = meaning(after, step.policy, step.now_s)
            must(lit in _LOUDER or lit is Meaning.LOST, "words that are lost are seen to be")
        case RoadRestarted(device=Device.SPEAKER) if after.link.state in UP and before.link.state in UP:
            must(OpenSpeaker() in step.effects, "a session has its speaker opened again")
        case DeviceChanged(device=Device.SPEAKER, state=DeviceState.CLOSED) if before.link.draining:
            must(not after.link.draining, "last words that have been played end the session")
        case TurnDelivered(turn=turn) if before.talk.turn is Turn.CLOSING:
            if turn == before.talk.number:
                _delivered(step)
            else:
                must(after.talk.turn is not Turn.NONE, "a part of a turn that is delivered does not end it")
        case _:
            pass
    _order(step)


def _wish(step: Taken) -> None:
    """What a wish begins with, and that it does not end for want of use while somebody uses it."""
    before, after = step.before, step.after
    decided = before.talk.tap_until_s is not None and isinstance(step.event, TimePassed)
    if decided and after.talk.tap_until_s is None and after.talk.turn is Turn.OPEN:
        _dials_soon(step, "a held combined button dials now, or as soon as least_gap_s allows", at_once=True)
    if after.recovery.wanted and not before.recovery.wanted:
        must(after.talk.hands_free or not step.policy.open, "in open mode a session is hands-free")
        anew = before.recovery.phase is Phase.GIVEN_UP
        must(not anew or after.recovery.count <= 1, "who asks again after it gave up begins afresh")
    if idle_hang_up(step.effects):
        speaking = before.link.bot_speaking or before.link.user_speaking
        must(before.talk.turn is Turn.NONE and not speaking, "who uses it is not hung up on")


def uses(event: Event, before: State) -> bool:
    """Somebody uses the appliance for certain, by their own doing or by the bot's account."""
    speaking = before.link.bot_speaking or before.link.user_speaking
    ours = getattr(event, "attempt", None) == before.link.attempt and before.link.state not in DOWN
    said = isinstance(event, BotReady) and before.link.state is TransportState.CONNECTED
    said = said or isinstance(event, BotSpeaking | UserSpeaking)
    return (ours and said) or isinstance(event, MuteAsked) or speaking or before.talk.turn is not Turn.NONE


def idle_hang_up(effects: tuple[Effect, ...]) -> bool:
    for effect in effects:
        if isinstance(effect, ReportEnd):
            return "idle_hang_up_s" in effect.reason
    return False


def touches(event: Event) -> bool:
    """Perhaps somebody does."""
    return isinstance(event, _TOUCHES)


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
    after = step.after
    if after.booted and after.recovery.phase is Phase.NONE and not after.talk.muted:
        return
    lit = meaning(after, step.policy, step.now_s)
    must(after.recovery.phase is Phase.NONE or lit not in _QUIET_LIGHTS, "a failure is seen in the light")
    must(after.booted or lit is Meaning.STARTING, "the light says starting until it has started")
    must(not after.talk.muted or lit not in _LISTENING, "muted, the light never says listening")


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
    if step.after.network.cut_s is not None and recovery.phase is Phase.WAITING:
        return  # there is no way to the runner
    earliest_s = step.now_s if recovery.dialled_s is None else recovery.dialled_s + step.policy.least_gap_s
    soon_s = max(earliest_s, step.now_s + (0.0 if at_once else SPREAD_S))
    must(recovery.retry_at_s is not None and recovery.retry_at_s <= soon_s + _SOON_S, rule)


def _ended(step: Taken, rule: str) -> None:
    link, talk = step.after.link, step.after.talk
    must(link.state in DOWN or link.state is TransportState.DISCONNECTING, rule)
    must((talk.turn is Turn.NONE or link.parting) and not step.after.recovery.wanted, rule)


def _delivered(step: Taken) -> None:
    """The bot is told of a turn's end behind its last word, once."""
    before = step.before
    told = before.talk.told and (before.link.state is TransportState.READY or before.link.parting)
    stops = [effect for effect in step.effects if isinstance(effect, SendTurn) and effect.state == "stop"]
    must(len(stops) == told, "a bot is told once that a turn is over, if it knows of it")
    must(step.after.talk.turn is Turn.NONE, "a delivered turn is over")


def _order(step: Taken) -> None:
    """Words follow the message that opens their turn."""
    after, effects = step.after, step.effects
    if not effects:
        return
    delivers = [place for place, effect in enumerate(effects) if isinstance(effect, DeliverWords)]
    starts = [place for place, effect in enumerate(effects) if isinstance(effect, SendTurn) and effect.state == "start"]
    must(not delivers or not starts or starts[-1] < delivers[0], "words follow the message that opens their turn")
    open_ = after.link.state is TransportState.READY and not after.link.bot_gone and after.talk.tap_until_s is None
    must(not open_ or after.talk.turn is Turn.NONE or after.talk.told, "a bot that is there knows of the turn")
