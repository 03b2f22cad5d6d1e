"""Long random lives at random times: the invariants of `play.check` hold after every step, whatever comes when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.session.events import DeafInTurns, StopAsked, TimePassed
from appliance.session.lifecycle import DOWN
from appliance.session.state import State
from tests.session.play import Play
from tests.session.test_reachable import POLICIES, events, signs

MOMENTS = st.one_of(st.just(0.0), st.floats(0.0, 0.5), st.floats(0.0, 5.0), st.floats(0.0, 120.0))


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_invariants_hold_in_any_life(name: str, data: st.DataObject) -> None:
    play = Play(POLICIES[name])
    for _ in range(data.draw(st.integers(1, 40))):
        play.jitter = data.draw(st.floats(0, 1, exclude_max=True))
        choice = data.draw(st.sampled_from([TimePassed(), *events(play.state), *signs(play.state)]))
        play(choice, after_s=data.draw(MOMENTS))
    play(StopAsked())
    play.wait_until(play.now_s + 7.0)
    assert play.state.link.state in DOWN and not play.state.recovery.wanted


def but_for_light_and_cues(state: State) -> State:
    return replace(state, deaf=False, cue=None, talk=replace(state.talk, unheard=False))


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_deaf_microphone_changes_light_and_cues_alone(name: str, data: st.DataObject) -> None:
    hears, deaf = Play(POLICIES[name]), Play(POLICIES[name])
    for _ in range(data.draw(st.integers(1, 30))):
        others = [event for event in events(hears.state) if not isinstance(event, DeafInTurns)]
        choice = data.draw(st.sampled_from([TimePassed(), *others]))
        deaf(DeafInTurns(data.draw(st.booleans()), whole=data.draw(st.booleans())))
        hears(TimePassed())
        after_s = data.draw(MOMENTS)
        assert hears(choice, after_s=after_s) == deaf(choice, after_s=after_s)
        assert but_for_light_and_cues(hears.state) == but_for_light_and_cues(deaf.state)
