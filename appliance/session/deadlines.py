"""When something is due, as functions of the state: each limit and wait, and the one deadline that comes of them."""

from __future__ import annotations

from appliance.session.events import DeviceState
from appliance.session.lifecycle import UP, TransportState
from appliance.session.policy import (
    DUMB_S,
    RENEWAL_AHEAD_S,
    RENEWAL_SHARE,
    RENEWAL_SILENCE_S,
    TIME_OUT_WARNING_S,
    Policy,
)
from appliance.session.state import Phase, State, Turn, in_use
from appliance.units import Seconds


def idle_deadline_s(state: State, policy: Policy) -> Seconds | None:
    """When the session, or the wish for one, ends for want of use; None while it is in use or must not end so."""
    link, recovery = state.link, state.recovery
    alive = link.state in UP or recovery.phase in (Phase.RETRYING, Phase.WAITING)
    if in_use(state) or not alive or policy.keep_always or not policy.idle_hang_up_s:
        return None
    return recovery.used_s + policy.idle_hang_up_s


def tail_end_s(state: State) -> Seconds | None:
    """When the release tail is over, as things are."""
    talk = state.talk
    if talk.turn is not Turn.TAIL:
        return None
    return talk.tail_limit_s if talk.voice else talk.tail_until_s


def time_out_s(state: State, policy: Policy) -> Seconds | None:
    """When the open turn has been open for too long."""
    return state.talk.opened_s + policy.time_out_s if state.talk.turn is Turn.OPEN else None


def session_limit_s(state: State, policy: Policy) -> Seconds | None:
    """When the session has lasted as long as it may."""
    limited = policy.max_session_s and state.link.state is TransportState.READY
    return state.link.ready_s + policy.max_session_s if limited else None


def renewal_s(state: State, policy: Policy) -> Seconds | None:
    """When a session that is kept up always is made anew before it has lasted as long as it may: in a silence, so that
    nobody is cut off in the middle of a word. None while somebody speaks or is heard."""
    limit_s = session_limit_s(state, policy)
    if limit_s is None or in_use(state) or state.audible or not policy.keep_always:
        return None
    ahead_s = min(policy.max_session_s * RENEWAL_SHARE, RENEWAL_AHEAD_S)
    return max(limit_s - ahead_s, state.recovery.used_s + RENEWAL_SILENCE_S)


def cut_deadline_s(state: State, policy: Policy) -> Seconds | None:
    """When a session without a way to its runner is lost; one being made is over."""
    cut_s = state.network.cut_s
    running = state.link.state in UP and not state.life.lost
    return cut_s + policy.cut_timeout_s if cut_s is not None and running else None


def stable_s(state: State, policy: Policy) -> Seconds | None:
    """When the session counts as stable and past failures are forgotten."""
    waiting = state.recovery.count and state.link.state is TransportState.READY
    return state.link.ready_s + policy.stable_after_s if waiting else None


def dumb_s(state: State) -> Seconds | None:
    """When a bot that says it speaks, and is not heard, has no voice any more."""
    life, link = state.life, state.link
    silent = state.talk.turn is Turn.NONE and state.speaker is DeviceState.OK and not link.bot_gone
    if life.unheard_s is None or not silent or link.state is not TransportState.READY:
        return None
    return life.unheard_s + DUMB_S


def deadline(state: State, policy: Policy, now_s: Seconds) -> Seconds | None:
    """When `TimePassed` is due, if nothing else happens first; at or before *now_s* means at once.

    The warning before a time-out changes nothing in the state, only the light, so it counts while it lies ahead.
    """
    talk = state.talk
    limit = time_out_s(state, policy)
    warning = limit - TIME_OUT_WARNING_S if limit is not None else None
    times = (
        state.link.deadline_s,
        state.life.probe_at_s,
        state.life.probe_until_s,
        state.life.verdict_at_s,
        dumb_s(state),
        state.recovery.retry_at_s,
        tail_end_s(state),
        talk.lost_until_s,
        talk.tap_until_s,
        limit,
        warning if warning is not None and warning > now_s else None,
        idle_deadline_s(state, policy),
        session_limit_s(state, policy),
        renewal_s(state, policy),
        cut_deadline_s(state, policy),
        stable_s(state, policy),
    )
    return min((time for time in times if time is not None), default=None)
