"""The light's table: what each row needs, and that a row beats all below it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appliance.session.events import DeviceState
from appliance.session.indicator import LOOKS, Meaning, meaning
from appliance.session.lifecycle import TransportState
from appliance.session.policy import Policy
from appliance.session.state import Link, Phase, Recovery, State, Talk, Turn

POLICY = Policy()
NOW_S = 100.0
IDLE = State(booted=True)

ROWS: list[tuple[Meaning, dict[str, Any]]] = [
    (Meaning.STARTING, {"booted": False}),
    (
        Meaning.TIME_OUT,
        {"talk": Talk(turn=Turn.OPEN, opened_s=NOW_S - 50.0), "microphone": DeviceState.OK},
    ),
    (Meaning.LISTENING, {"talk": Talk(turn=Turn.TAIL), "microphone": DeviceState.OK}),
    (Meaning.LOST, {"talk": Talk(lost_until_s=NOW_S + 1)}),
    (Meaning.GIVEN_UP, {"recovery": Recovery(phase=Phase.GIVEN_UP, reason="no")}),
    (Meaning.DEVICE_MISSING, {"speaker": DeviceState.MISSING}),
    (Meaning.DEVICE_MISSING, {"deaf": True}),
    (Meaning.SPEAKING, {"audible": True}),
    (Meaning.RETRYING, {"recovery": Recovery(phase=Phase.RETRYING, retry_at_s=NOW_S + 1)}),
    (Meaning.WAITING, {"recovery": Recovery(phase=Phase.WAITING)}),
    (Meaning.CONNECTING, {"link": Link(state=TransportState.AUTHENTICATING)}),
    (Meaning.THINKING, {"link": Link(state=TransportState.READY), "talk": Talk(awaiting_answer=True)}),
    (Meaning.READY, {"link": Link(state=TransportState.READY)}),
    (Meaning.IDLE, {}),
]


@pytest.mark.parametrize(("expected", "changes"), ROWS)
def test_each_row(expected: Meaning, changes: dict[str, Any]) -> None:
    assert meaning(replace(IDLE, **changes), POLICY, NOW_S) is expected


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_a_row_beats_all_below_it(row: int) -> None:
    expected, wins = ROWS[row]
    for loser, loses in ROWS[row + 1 :]:
        if "deaf" in loses and expected in (Meaning.TIME_OUT, Meaning.LISTENING):
            continue  # for these it must hear
        both = {**loses, **wins}
        if "talk" in wins and "talk" in loses:
            lost_until_s = wins["talk"].lost_until_s or loses["talk"].lost_until_s
            both["talk"] = replace(wins["talk"], lost_until_s=lost_until_s)
        assert meaning(replace(IDLE, **both), POLICY, NOW_S) is expected, loser


@pytest.mark.parametrize("state", [DeviceState.MISSING, DeviceState.BUSY, DeviceState.STALLED])
@pytest.mark.parametrize("device", ["microphone", "speaker"])
def test_a_device_that_cannot_be_used_is_shown(device: str, state: DeviceState) -> None:
    assert meaning(replace(IDLE, **{device: state}), POLICY, NOW_S) is Meaning.DEVICE_MISSING  # type: ignore[arg-type]


def test_an_open_turn_with_a_dead_microphone_does_not_listen() -> None:
    state = replace(IDLE, talk=Talk(turn=Turn.OPEN, opened_s=NOW_S), microphone=DeviceState.MISSING)
    assert meaning(state, POLICY, NOW_S) is Meaning.DEVICE_MISSING


@pytest.mark.parametrize("talk", [Talk(turn=Turn.OPEN, opened_s=NOW_S), Talk(hands_free=True)])
def test_a_deaf_microphone_does_not_listen_and_hears_again_at_once(talk: Talk) -> None:
    link = Link(state=TransportState.READY)
    state = replace(IDLE, talk=talk, link=link, microphone=DeviceState.OK)
    assert meaning(state, POLICY, NOW_S) is Meaning.LISTENING
    assert meaning(replace(state, deaf=True), POLICY, NOW_S) is Meaning.DEVICE_MISSING


def test_a_short_time_out_does_not_warn_from_the_first_moment() -> None:
    state = replace(IDLE, talk=Talk(turn=Turn.OPEN, opened_s=NOW_S), microphone=DeviceState.OK)
    assert meaning(state, Policy(time_out_s=8.0), NOW_S) is Meaning.LISTENING


def test_every_meaning_has_a_look() -> None:
    assert set(LOOKS) == set(Meaning)
