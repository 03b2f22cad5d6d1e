"""The session machine: `step(state, event, *, now_s, jitter, policy) -> (state, effects)`.

Theory of operation: deadlines that have passed are dealt with first, in the order of their times, then the event. An
event of ours that makes no sense in the present state does nothing; a message of a runner that comes out of order, or
belongs to an attempt that is over, is ignored, for a server must not be able to crash the appliance by saying
something twice. Everything a person asks for works in every state.
"""

from __future__ import annotations

from typing import assert_never

from appliance.session import dialling, ending, from_people, from_runner, from_sound, talking
from appliance.session.draft import Draft
from appliance.session.effects import Effect
from appliance.session.events import Event, TimePassed
from appliance.session.from_people import FromPeople
from appliance.session.from_runner import FromRunner
from appliance.session.from_sound import FromSound
from appliance.session.lifecycle import DOWN, TransportState
from appliance.session.policy import Policy
from appliance.session.state import State, Turn, idle_deadline_s, in_use, session_limit_s, stable_s, time_out_s
from appliance.units import Seconds


def step(
    state: State, event: Event, *, now_s: Seconds, jitter: float, policy: Policy
) -> tuple[State, tuple[Effect, ...]]:
    """The next state, and what has to be done, in order. *jitter* is in [0, 1); *now_s* is monotonic, never falling."""
    draft = Draft(state, now_s, jitter, policy)
    if in_use(state):
        draft.used()
    _let_time_pass(draft)
    if isinstance(event, FromPeople):
        from_people.take(draft, event)
    elif isinstance(event, FromSound):
        from_sound.take(draft, event)
    elif isinstance(event, FromRunner):
        if event.attempt == draft.state.link.attempt and draft.state.link.state not in DOWN:
            from_runner.take(draft, event)
    elif not isinstance(event, TimePassed):
        assert_never(event)
    ending.exit_if_down(draft)
    return draft.state, tuple(draft.effects)


def _let_time_pass(d: Draft) -> None:
    """Everything that is due by now. A case may make another one due, never itself: each clears or moves its time."""
    policy = d.policy

    def due(time_s: Seconds | None) -> bool:
        return time_s is not None and time_s <= d.now_s

    if due(d.state.talk.lost_until_s):
        d.talk(lost_until_s=None)
    if due(stable_s(d.state, policy)):
        d.recovery(count=0)
    if d.state.talk.turn is Turn.TAIL and due(d.state.talk.tail_until_s):
        talking.close_turn(d)
    if due(time_out_s(d.state, policy)):
        talking.close_turn(d)
    if due(session_limit_s(d.state, policy)):
        if not policy.keep_always:
            d.recovery(wanted=False)
        ending.leave(d, f"the session has lasted max_session_s, {policy.max_session_s:g} s")
    if due(idle_deadline_s(d.state, policy)):
        ending.hang_up(d, f"nobody has used it for idle_hang_up_s, {policy.idle_hang_up_s:g} s")
    if due(d.state.link.deadline_s):
        if d.is_in(TransportState.DISCONNECTING) or d.state.link.bot_gone:
            ending.finish(d)
        else:
            dialling.phase_timed_out(d)
    if due(d.state.recovery.retry_at_s):
        dialling.dial(d)
