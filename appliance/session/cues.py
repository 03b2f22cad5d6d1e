"""What a step sounds like: one pure function of what it changed, and of whether a sound may be heard now.

Theory of operation: a cue that has arisen waits in the state until nothing can record it, and is played once. The start
of listening has none: it would be the first thing that the bot hears. A person who speaks again has no use for what was
to be said of the turn before, but for a loss.
"""

from __future__ import annotations

from appliance.session.deadlines import time_out_s
from appliance.session.effects import Cue
from appliance.session.events import ButtonPressed, DeviceState, Event, Role, WordsLost
from appliance.session.lifecycle import DOWN, UP, TransportState
from appliance.session.policy import Policy
from appliance.session.state import Phase, State, Turn, in_use
from appliance.units import Seconds

_OF_ANY_TURN = frozenset({Cue.CANNOT_CONNECT, Cue.LOST})


def due(before: State, after: State, event: Event, policy: Policy, now_s: Seconds) -> Cue | None:
    """The cue that waits once *event* has made *after* of *before*; None: nothing is to be heard."""
    if after.quitting:
        return None  # whoever ends the process does not sit in front of the box
    waits = _still_true(before, after)
    if _cannot_connect(before, after, policy) or waits is Cue.CANNOT_CONNECT:
        return Cue.CANNOT_CONNECT
    if _lost(before, after, event, policy, now_s) or waits is Cue.LOST:
        return Cue.LOST
    if _hung_up(before, after):
        return Cue.HUNG_UP
    if _muted(before, after, event):
        return Cue.MUTED
    return Cue.RELEASED if _released(before, after) else waits


def may_sound(state: State) -> bool:
    """Whether no microphone of ours would record it.

    Behind the gate it may sound: there half-duplex lets nothing pass while the speaker is heard, and who has turned
    half-duplex off has a microphone that does not hear the speaker.
    """
    talk = state.talk
    gated = talk.hands_free and not talk.muted
    return talk.turn not in (Turn.OPEN, Turn.TAIL) and (gated or state.microphone is not DeviceState.OK)


def _still_true(before: State, after: State) -> Cue | None:
    """The one that waited, if it still says something."""
    connected = before.cue is Cue.CANNOT_CONNECT and after.link.state is TransportState.READY
    unmuted = before.cue is Cue.MUTED and not after.talk.muted
    if connected or unmuted:
        return None
    spoke_up = after.talk.number != before.talk.number
    return None if spoke_up and before.cue not in _OF_ANY_TURN else before.cue


def _cannot_connect(before: State, after: State, policy: Policy) -> bool:
    """There is no connection, or no longer, and somebody cares: it is the first failure in a row, or the last, or one
    that cost words. What is kept up always fails in silence while nobody talks."""
    failed = before.link.state in UP and after.link.state in DOWN
    if not failed or after.recovery.count <= before.recovery.count:
        return False
    first = not before.recovery.count and (not policy.keep_always or in_use(before))
    cost_words = before.talk.turn is not Turn.NONE and after.talk.turn is Turn.NONE
    return first or cost_words or after.recovery.phase is Phase.GIVEN_UP


def _lost(before: State, after: State, event: Event, policy: Policy, now_s: Seconds) -> bool:
    """Too early, or too long: the backlog is over, or the turn was cut off. Once for each sign of the light. Or the
    microphone has heard nothing of a whole turn.

    Words that went with an attempt or by a hang-up have a cue of their own.
    """
    limit_s = time_out_s(before, policy)
    cut_off = limit_s is not None and limit_s <= now_s and after.talk.turn is Turn.CLOSING
    unheard = after.talk.unheard and _let_go(before, after)
    signed = after.talk.lost_until_s is not None and before.talk.lost_until_s is None
    wanted = after.talk.turn is not Turn.NONE or after.link.state in UP
    return cut_off or unheard or (isinstance(event, WordsLost) and signed and wanted)


def _hung_up(before: State, after: State) -> bool:
    """No session is wanted any more; behind the last words of a bot that left."""
    if after.recovery.wanted or after.recovery.phase is Phase.GIVEN_UP:
        return False
    if before.link.draining or before.link.bot_gone:
        return after.link.state in DOWN
    return before.recovery.wanted and not (after.link.draining or after.link.bot_gone)


def _muted(before: State, after: State, event: Event) -> bool:
    """The microphone was muted, or somebody presses to talk who has forgotten that it is."""
    in_vain = isinstance(event, ButtonPressed) and event.role is Role.TALK
    return after.talk.muted and (in_vain or not before.talk.muted)


def _released(before: State, after: State) -> bool:
    """The turn is over, and with it the microphone closes."""
    return _let_go(before, after) and not after.talk.hands_free


def _let_go(before: State, after: State) -> bool:
    return before.talk.turn is Turn.TAIL and after.talk.turn is Turn.CLOSING
