"""The session machine: `step(state, event, *, now_s, jitter, policy) -> (state, effects)`.

Theory of operation: deadlines that have passed are dealt with first, in the order of their times, then the event. An
event of ours that makes no sense in the present state does nothing; a message of a runner that comes out of order, or
belongs to an attempt that is over, is ignored, for a server must not be able to crash the appliance by saying
something twice. Everything a person asks for works in every state.
"""

from __future__ import annotations

from typing import assert_never

from appliance.session import (
    cues,
    dialling,
    ending,
    from_host,
    from_link,
    from_people,
    from_runner,
    from_sound,
    life,
    talking,
    taps,
)
from appliance.session.draft import Draft
from appliance.session.effects import DropWords, Effect, PlayCue
from appliance.session.events import Event, TimePassed
from appliance.session.from_host import FromHost
from appliance.session.from_link import FromLink
from appliance.session.from_people import FromPeople
from appliance.session.from_runner import FromRunner
from appliance.session.from_sound import FromSound
from appliance.session.lifecycle import DOWN
from appliance.session.policy import Policy
from appliance.session.roads import after_all, before_all, roads
from appliance.session.state import State, in_use
from appliance.units import Seconds


def step(
    state: State, event: Event, *, now_s: Seconds, jitter: float, policy: Policy
) -> tuple[State, tuple[Effect, ...]]:
    """The next state, and what has to be done, in order. *jitter* is in [0, 1); *now_s* is monotonic, never falling."""
    draft = Draft(state, now_s, jitter, policy)
    # The idle hang-up goes by the bot's account alone; a box that is kept always has none, but is renewed in a silence.
    if in_use(state) or (state.audible and policy.keep_always):
        draft.used()
    _let_time_pass(draft)
    if isinstance(event, FromPeople):
        from_people.take(draft, event)
    elif isinstance(event, FromSound):
        from_sound.take(draft, event)
    elif isinstance(event, FromHost):
        from_host.take(draft, event)
    elif isinstance(event, FromRunner | FromLink):
        if event.attempt == draft.state.link.attempt and draft.state.link.state not in DOWN:
            _take_from_there(draft, event)
    elif not isinstance(event, TimePassed):
        assert_never(event)
    if draft.state.link.state is not state.link.state:
        _let_time_pass(draft)  # a session that was lost and is found again may have come to a limit meanwhile
    ending.let_bot_leave(draft)
    ending.exit_if_down(draft)
    if draft.state.talk.hands_free and not draft.state.recovery.wanted:
        draft.talk(hands_free=False, suppressed=False, gate_open=False)
        if DropWords() not in draft.effects and not draft.state.link.parting:
            draft.do(DropWords())  # what was said behind the gate is of no turn, and must reach no later session
    sounds = _cue(draft, state, event)
    was, now, anew = roads(state, policy), roads(draft.state, policy), draft.capture_anew
    before, after = before_all(was, now, anew=anew), after_all(was, now, anew=anew)
    # Words are dropped before a turn is opened, lest they take it with them; else once the microphone is closed.
    dropping = [effect for effect in draft.effects if isinstance(effect, DropWords) and now.turn is not None]
    others = [effect for effect in draft.effects if effect not in dropping]
    return draft.state, (*dropping, *before, *others, *after, *sounds)


def _cue(d: Draft, before: State, event: Event) -> tuple[PlayCue, ...]:
    """What is to be heard of the step, behind all else; a cue that must wait does so in the state."""
    cue = cues.due(before, d.state, event, d.policy, d.now_s)
    sounds = () if cue is None or not cues.may_sound(d.state) else (PlayCue(cue),)
    if (waits := None if sounds else cue) is not d.state.cue:
        d.put(cue=waits)
    return sounds


def _take_from_there(d: Draft, event: FromRunner | FromLink) -> None:
    if isinstance(event, FromLink):
        from_link.take(d, event)
    else:
        from_runner.take(d, event)


def _let_time_pass(d: Draft) -> None:
    """Everything that is due by now. A case may make another one due, never itself: each clears or moves its time."""
    talking.let_time_pass(d)
    if d.due(d.state.talk.tap_until_s):
        taps.decide(d)
    ending.let_time_pass(d)
    from_host.let_time_pass(d)
    life.let_time_pass(d)
    dialling.let_time_pass(d)
