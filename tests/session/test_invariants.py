"""The rules can be broken: each kind of harm is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appliance.session.effects import (
    CloseLink,
    Connect,
    Cue,
    DeliverWords,
    Effect,
    Exit,
    LeavePolitely,
    PlayCue,
    SendTurn,
    StartBot,
)
from appliance.session.events import DeviceState
from appliance.session.indicator import Meaning
from appliance.session.invariants import InvariantError, World, check, world_of
from appliance.session.lifecycle import TransportState
from appliance.session.policy import Policy
from appliance.session.state import Link, Network, Phase, Recovery, State, Talk, Turn

POLICY = Policy()
NOW_S = 1000.0
READY = State(
    booted=True,
    link=Link(state=TransportState.READY, attempt=3),
    recovery=Recovery(wanted=True, used_s=NOW_S, dialled_s=990.0),
    microphone=DeviceState.OK,
)
TALKING = replace(READY, talk=Talk(turn=Turn.OPEN, number=7, opened_s=NOW_S, told=True))


@pytest.mark.parametrize("state", [State(), READY, TALKING])
def test_a_world_that_is_as_it_should_be_is_not_objected_to(state: State) -> None:
    check(state, world_of(state, POLICY), POLICY, NOW_S)


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        ({"link": 0}, "a link is open"),
        ({"offered": False}, "offered"),
        ({"microphone": False}, "the microphone is open for a turn"),
        ({"turn": 6}, "belongs to the turn"),
        ({"gated": True}, "behind the gate"),
        ({"muted": False}, "half-duplex"),
        ({"delivering": False}, "words leave"),
        ({"speaker": False}, "the speaker"),
        ({"turn_open_at_bot": False}, "the bot knows"),
        ({"dialled_s": 989.0}, "the last dial"),
        ({"exited": True}, "may end"),
    ],
)
def test_an_outside_that_is_not_as_the_state_says(harm: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvariantError, match=rule):
        check(TALKING, replace(world_of(TALKING, POLICY), **harm), POLICY, NOW_S)


@pytest.mark.parametrize(
    ("state", "rule"),
    [
        (replace(READY, link=replace(READY.link, deadline_s=NOW_S)), "dealt with"),
        (replace(READY, recovery=replace(READY.recovery, phase=Phase.RETRYING)), "have a time"),
        (replace(READY, recovery=replace(READY.recovery, waiting_for="network")), "has a name"),
        (replace(READY, recovery=replace(READY.recovery, wanted=False)), "nobody wants"),
        (State(recovery=Recovery(phase=Phase.GIVEN_UP)), "has a reason"),
        (State(recovery=Recovery(wanted=True)), "never forgotten"),
        (State(link=Link(state=TransportState.DISCONNECTING)), "has an end"),
        (replace(READY, link=replace(READY.link, bot_gone=True)), "without its bot"),
        (replace(READY, link=replace(READY.link, draining=True)), "last words"),
        (State(quitting=True), "the process ends"),
        (State(talk=Talk(turn=Turn.CLOSING)), "no words are kept"),
        (replace(READY, talk=Talk(told=True)), "knows of a turn"),
        (State(talk=Talk(hands_free=True)), "hands-free"),
        (replace(TALKING, talk=replace(TALKING.talk, muted=True)), "muted"),
        (State(network=Network(cut_s=NOW_S), recovery=Recovery(dialled_s=NOW_S + 1)), "without a way"),
    ],
)
def test_a_state_that_must_not_be(state: State, rule: str) -> None:
    with pytest.raises(InvariantError, match=rule):
        check(state, world_of(state, POLICY), POLICY, NOW_S)


@pytest.mark.parametrize(
    ("state", "harm"),
    [(TALKING, {"turn": 0, "microphone": False}), (replace(READY, talk=Talk(hands_free=True)), {"gated": False})],
)
def test_a_light_that_lies(state: State, harm: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.session.invariants._outside", lambda *_: None)  # which would see it first
    with pytest.raises(InvariantError, match="the light says listening only"):
        check(state, replace(world_of(state, POLICY), **harm), POLICY, NOW_S)
    with pytest.raises(InvariantError, match=r"the light says listening$"):
        check(replace(READY, talk=Talk()), world_of(TALKING, POLICY), POLICY, NOW_S)


@pytest.mark.parametrize("shown", [Meaning.LISTENING, Meaning.READY, Meaning.SPEAKING])
def test_a_light_that_hides_a_deaf_microphone(shown: Meaning, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = replace(TALKING, deaf=True)
    check(deaf, world_of(deaf, POLICY), POLICY, NOW_S)
    monkeypatch.setattr("appliance.session.invariants.meaning", lambda *_: shown)
    with pytest.raises(InvariantError, match=r"listening only|until it hears"):
        check(deaf, world_of(deaf, POLICY), POLICY, NOW_S)


@pytest.mark.parametrize(
    ("world", "effect", "rule"),
    [
        (World(link=1), StartBot(2), "two sessions"),
        (World(dialled_s=NOW_S - 0.5), StartBot(2), "two dials"),
        (World(exited=True), Connect(2, None), "after the end"),
        (World(link=1, offered=True), Connect(1, None), "one offer"),
        (World(link=1), LeavePolitely(1), "offered to"),
        (World(link=2), SendTurn(1, "start"), "the bot that is there"),
        (World(link=1), SendTurn(1, "stop"), "alternate"),
        (World(link=2), DeliverWords(1), "the session that is there"),
        (World(link=1), Exit(), "nothing open"),
        (World(turn=1), PlayCue(Cue.LOST), "record it"),
    ],
)
def test_an_effect_that_must_not_be(world: World, effect: Effect, rule: str) -> None:
    with pytest.raises(InvariantError, match=rule):
        world.after(effect, NOW_S, POLICY)


def test_the_link_of_another_attempt_stays_open() -> None:
    assert World(link=2).after(CloseLink(1), NOW_S, POLICY).link == 2
