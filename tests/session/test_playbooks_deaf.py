"""A microphone that is there and hears nothing: what the light says of it, through all that can happen meanwhile."""

from __future__ import annotations

import pytest

from appliance.session.effects import ReportError, StartBot
from appliance.session.events import (
    AttemptFailed,
    ButtonPressed,
    ButtonReleased,
    DeafInTurns,
    Device,
    DeviceChanged,
    DeviceState,
    Event,
    MicrophoneDeaf,
    MuteAsked,
    RoadRestarted,
    Role,
    StartAsked,
    StopAsked,
)
from appliance.session.failure import Failure, Kind
from appliance.session.indicator import Meaning, meaning
from tests.session.play import Play

PRESS, RELEASE = ButtonPressed("talk", Role.TALK), ButtonReleased("talk", Role.TALK)
OPENED, CLOSED, GONE = (
    DeviceChanged(Device.MICROPHONE, state) for state in (DeviceState.OK, DeviceState.CLOSED, DeviceState.MISSING)
)
DEAF, HEARS = DeafInTurns(True, whole=True), DeafInTurns(False)


def lit(play: Play) -> Meaning:
    return meaning(play.state, play.policy, play.now_s)


def talking(button: Event = PRESS, **policy: object) -> Play:
    play = Play.booted(**policy)
    play(StartAsked())
    play.runner_answers()
    play(button)
    play(OPENED)
    play.wait_until(play.now_s + 3.0)
    assert lit(play) is Meaning.LISTENING
    return play


@pytest.mark.parametrize(
    ("button", "policy"),
    [
        (PRESS, {}),
        (PRESS, {"toggle": True}),
        (PRESS, {"open": True}),
        (PRESS, {"keep_always": True}),
        (ButtonPressed("both", Role.COMBINED), {}),
    ],
)
def test_a_held_turn_is_green_while_it_is_heard(button: Event, policy: dict[str, object]) -> None:
    play = talking(button, **policy)
    assert play(DEAF) == ()
    assert lit(play) is Meaning.DEVICE_MISSING
    play(HEARS, after_s=1.0)
    assert lit(play) is Meaning.LISTENING


def test_a_silent_room_behind_the_gate_is_told_of_and_listened_to() -> None:
    play = Play.booted(open=True)
    play(StartAsked())
    play.runner_answers()
    play(OPENED)
    assert play(MicrophoneDeaf("zeros")) == (ReportError("device", "zeros", fatal=False),)
    assert lit(play) is Meaning.LISTENING


def test_behind_the_gate_it_stays_deaf_once_a_person_found_it_so() -> None:
    play = talking(open=True)
    play(DEAF)
    play(RELEASE)
    play.wait_until(play.now_s + 1.0)
    assert lit(play) is Meaning.DEVICE_MISSING
    play(HEARS)
    assert lit(play) is Meaning.LISTENING


MEANWHILE: list[tuple[Event, ...]] = [
    (MuteAsked(True), CLOSED, MuteAsked(False)),
    (StopAsked(), CLOSED),
    (RoadRestarted(Device.MICROPHONE), OPENED),
    (GONE, OPENED),
    (RELEASE, CLOSED, PRESS, OPENED),
    (RELEASE, CLOSED, GONE, CLOSED),
    (AttemptFailed(1, Failure(Kind.LINK, "lost")),),
]


@pytest.mark.parametrize("events", MEANWHILE)
@pytest.mark.parametrize("keep_always", [False, True])
def test_whatever_happens_it_is_seen_until_it_hears(events: tuple[Event, ...], keep_always: bool) -> None:
    play = talking(keep_always=keep_always)
    play(DEAF)
    for event in events:
        play(event, after_s=0.5)
        assert lit(play) is Meaning.DEVICE_MISSING, event
    play.wait_until(play.now_s + 86_400.0)
    assert lit(play) is Meaning.DEVICE_MISSING, "on the next day"
    play(PRESS)
    play(OPENED)
    play(HEARS)
    assert lit(play) is not Meaning.DEVICE_MISSING


def test_it_is_no_reason_not_to_dial() -> None:
    play = Play.booted(keep_always=True, open=True)
    play(DEAF)
    play(AttemptFailed(play.attempt, Failure(Kind.UNREACHABLE, "away")))
    assert StartBot(2) in play.wait()
