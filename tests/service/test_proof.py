"""What two looks prove, and what they do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.audio.worker import Pulse
from appliance.service.proof import Look, look, unproved
from appliance.session.events import DeviceState
from tests.service.watching import PRESS, Watching

REST, WORK, MORE = Pulse(7, True), Pulse(8, False), Pulse(9, False)
IDLE = Look(
    capture=REST,
    playback=REST,
    frames_captured=0,
    purpose=None,
    session=None,
    microphone=DeviceState.CLOSED,
    speaker=DeviceState.CLOSED,
)
BUSY = replace(
    IDLE,
    capture=WORK,
    playback=WORK,
    purpose=(1, 1),
    session=1,
    microphone=DeviceState.OK,
    speaker=DeviceState.OK,
)
LATER = replace(BUSY, capture=MORE, playback=MORE, frames_captured=250)


@pytest.mark.parametrize(
    ("before", "now", "missing"),
    [
        (IDLE, IDLE, None),
        (IDLE, BUSY, None),
        (BUSY, LATER, None),
        (LATER, IDLE, None),
        (BUSY, replace(LATER, capture=WORK), "the capture thread hangs"),
        (BUSY, replace(LATER, playback=WORK), "the playback thread hangs"),
        (BUSY, replace(LATER, capture=None, playback=None, frames_captured=0), None),
        (BUSY, replace(LATER, frames_captured=0), "the microphone is open and nothing comes from it"),
        (BUSY, replace(LATER, frames_captured=0, purpose=(2, 1)), None),
        (BUSY, replace(LATER, playback=REST), "the speaker is open and nothing goes to it"),
        (BUSY, replace(LATER, playback=REST, session=2), None),
        (
            replace(BUSY, microphone=DeviceState.CLOSED),
            replace(LATER, microphone=DeviceState.CLOSED),
            "the microphone should be open and is closed",
        ),
        (
            replace(BUSY, speaker=DeviceState.CLOSED),
            replace(LATER, speaker=DeviceState.CLOSED),
            "the speaker should be open and is closed",
        ),
        (
            replace(BUSY, microphone=DeviceState.MISSING, speaker=DeviceState.BUSY),
            replace(LATER, microphone=DeviceState.MISSING, speaker=DeviceState.BUSY, frames_captured=0, playback=REST),
            None,
        ),
    ],
)
def test_what_is_not_alive(before: Look, now: Look, missing: str | None) -> None:
    assert unproved(before, now) == missing


def test_what_should_be_open_is_what_the_state_says() -> None:
    watching = Watching()
    watching.boot()

    def seen() -> Look:
        return look(watching.state, watching.policy, REST, REST, 0)

    assert (seen().purpose, seen().session) == (None, None)
    watching(PRESS)
    assert (seen().purpose, seen().session) == ((1, 1), 1)
