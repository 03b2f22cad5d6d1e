"""A road that crashed and begins anew is told again what it should be doing, as the state has it."""

from __future__ import annotations

import pytest

from appliance.session.effects import (
    DeliverWords,
    Effect,
    EndTurn,
    Listen,
    OpenMicrophone,
    OpenSpeaker,
    SendTurn,
)
from appliance.session.events import (
    BotLeft,
    ButtonPressed,
    ButtonReleased,
    Device,
    DeviceChanged,
    DeviceState,
    RoadRestarted,
    Role,
    StartAsked,
    TimePassed,
    TurnDelivered,
    VoiceHeard,
)
from appliance.session.state import Turn
from tests.session.play import Play

PRESS, RELEASE = ButtonPressed("talk", Role.TALK), ButtonReleased("talk", Role.TALK)
CAPTURE, PLAYBACK = RoadRestarted(Device.MICROPHONE), RoadRestarted(Device.SPEAKER)


def in_session(**policy: object) -> Play:
    play = Play.booted(**policy)
    play(StartAsked())
    play.runner_answers()
    return play


def talking() -> Play:
    play = in_session()
    play(PRESS)
    play(DeviceChanged(Device.MICROPHONE, DeviceState.OK))
    return play


def released() -> Play:
    play = talking()
    play(RELEASE)
    play.wait()
    assert play.state.talk.turn is Turn.CLOSING
    return play


def kept() -> Play:
    """A turn whose words wait for a session."""
    play = Play.booted()
    play(PRESS)
    return play


@pytest.mark.parametrize(
    ("play", "told"),
    [
        (Play.booted(), ()),
        (in_session(), (DeliverWords(1),)),
        (in_session(open=True), (Listen(keep=True), DeliverWords(1))),
        (talking(), (OpenMicrophone(1), DeliverWords(1))),
        (kept(), (OpenMicrophone(1),)),
    ],
)
def test_capture_is_told_what_it_is_for(play: Play, told: tuple[Effect, ...]) -> None:
    assert play(CAPTURE) == told
    assert play.state.microphone is DeviceState.CLOSED, "until it says that it has opened it"


def test_a_turn_that_waited_for_its_last_words_is_over() -> None:
    play = released()
    assert play(CAPTURE) == (SendTurn(1, "stop"), DeliverWords(1))
    assert play.state.talk.turn is Turn.NONE
    assert play(TurnDelivered(1)) == (), "of the thread that was"


@pytest.mark.parametrize(
    ("play", "told"),
    [
        (Play.booted(), ()),
        (in_session(), (OpenSpeaker(),)),
        (talking(), (OpenSpeaker(),)),
        (kept(), (OpenSpeaker(),)),
    ],
)
def test_playback_is_told_what_it_is_for(play: Play, told: tuple[Effect, ...]) -> None:
    assert play(PLAYBACK) == told
    assert play.state.speaker is DeviceState.CLOSED and not play.state.audible


def test_the_last_words_of_a_bot_that_left_are_not_waited_for() -> None:
    play = in_session()
    play(BotLeft(1))
    assert play.transport_state == "disconnecting"
    play(PLAYBACK)
    assert play.transport_state == "disconnected"


def test_a_tail_that_waited_for_a_voice_is_over_with_the_road_that_heard_it() -> None:
    play = talking()
    play(VoiceHeard(True))
    play(RELEASE, after_s=1.0)
    play(TimePassed(), after_s=play.policy.release_tail_s)
    assert EndTurn(1) not in play(TimePassed()), "the voice goes on"
    assert EndTurn(1) in play(CAPTURE)
