"""What a missing device means for a session: one that is up goes on, one that only has to be kept up waits for it."""

from __future__ import annotations

import pytest

from appliance.session.deadlines import dumb_s
from appliance.session.effects import OpenSpeaker, StartBot
from appliance.session.events import (
    AttemptFailed,
    BotSpeaking,
    ButtonPressed,
    Device,
    DeviceChanged,
    DeviceState,
    Role,
    StartAsked,
)
from appliance.session.failure import Failure, Kind
from appliance.session.indicator import Meaning, meaning
from appliance.session.policy import DUMB_S
from tests.session.play import Play

PRESS = ButtonPressed("talk", Role.TALK)
KIOSK = {"keep_always": True, "open": True}


def gone(device: Device, state: DeviceState = DeviceState.MISSING) -> DeviceChanged:
    return DeviceChanged(device, state, "plug it in")


def cut_off(play: Play, *devices: Device) -> None:
    """In a session the *devices* vanish; then the session is lost, and the wait for the next dial is over."""
    play.runner_answers()
    for device in devices:
        play(gone(device))
    assert play.transport_state == "ready", "it goes on"
    play(AttemptFailed(play.attempt, Failure(Kind.LINK, "lost")))
    play.wait()


def waits_for(play: Play) -> str | None:
    recovery = play.state.recovery
    assert (recovery.waiting_for is not None) == (recovery.phase.value == "waiting")
    return recovery.waiting_for


@pytest.mark.parametrize("device", Device)
def test_a_kiosk_waits_for_what_it_cannot_do_without(device: Device) -> None:
    play = Play.booted(**KIOSK)
    cut_off(play, device)
    assert waits_for(play) == device.value
    assert (
        play.state.recovery.reason
        == f"the {device.value} is not there, and without it no session is of use; plug it in"
    )
    assert meaning(play.state, play.policy, play.now_s) is Meaning.DEVICE_MISSING
    for _ in range(5):
        play.wait()
        assert waits_for(play) == device.value, "however long"
    play.jitter = 0.0
    assert StartBot(2) in play(DeviceChanged(device, DeviceState.CLOSED))


def test_a_device_that_is_back_ends_its_own_wait_alone() -> None:
    play = Play.booted(**KIOSK)
    cut_off(play, *Device)
    assert waits_for(play) == "microphone"
    play.jitter = 0.0
    play(DeviceChanged(Device.SPEAKER, DeviceState.CLOSED))
    assert waits_for(play) == "microphone"
    play(gone(Device.SPEAKER, DeviceState.BUSY))
    play(DeviceChanged(Device.MICROPHONE, DeviceState.OK))
    assert waits_for(play) == "speaker"
    play(DeviceChanged(Device.SPEAKER, DeviceState.CLOSED))
    assert play.transport_state == "authenticating"


def test_with_a_button_the_microphone_is_needed_by_a_press_alone() -> None:
    play = Play.booted(keep_always=True)
    cut_off(play, Device.MICROPHONE)
    assert play.transport_state == "authenticating"


def test_on_demand_nobody_waits_for_a_device() -> None:
    play = Play.booted()
    play(PRESS)
    cut_off(play, *Device)
    assert play.transport_state == "authenticating"


def test_who_presses_to_talk_has_a_session_all_the_same() -> None:
    play = Play.booted(**KIOSK)
    cut_off(play, Device.MICROPHONE)
    assert {StartBot(2), OpenSpeaker()} <= set(play(PRESS))


def test_a_bot_is_not_taken_for_dumb_while_the_speaker_was_missing() -> None:
    play = Play.booted()
    play(StartAsked())
    play.runner_answers()
    play(DeviceChanged(Device.SPEAKER, DeviceState.OK))
    play(gone(Device.SPEAKER))
    play(BotSpeaking(1, True))
    play(DeviceChanged(Device.SPEAKER, DeviceState.OK), after_s=DUMB_S + 1)
    assert play.transport_state == "ready"
    assert dumb_s(play.state) == play.now_s + DUMB_S
