"""What the two sound roads and their devices report."""

from __future__ import annotations

from typing import assert_never

from appliance.session import dialling, ending, talking
from appliance.session.draft import Draft
from appliance.session.effects import OpenSpeaker, ReportError
from appliance.session.events import (
    ABSENT,
    BotAudible,
    DeafInTurns,
    Device,
    DeviceChanged,
    DeviceState,
    GateOpened,
    MicrophoneDeaf,
    RoadRestarted,
    Suppressed,
    TurnDelivered,
    VoiceHeard,
    WordsLost,
    WordsSent,
)
from appliance.session.state import Turn

FromSound = (
    DeviceChanged
    | RoadRestarted
    | MicrophoneDeaf
    | DeafInTurns
    | WordsSent
    | TurnDelivered
    | WordsLost
    | VoiceHeard
    | GateOpened
    | Suppressed
    | BotAudible
)


def take(d: Draft, event: FromSound) -> None:  # noqa: C901 - one flat table
    match event:
        case DeviceChanged(device=device, state=state, message=message):
            _device_changed(d, device, state, message)
        case RoadRestarted(device=device):
            restarted = _capture_restarted if device is Device.MICROPHONE else _playback_restarted
            restarted(d)
        case MicrophoneDeaf(message=message):
            d.do(ReportError("device", message, fatal=False))
        case DeafInTurns(on=on, whole=whole):
            d.put(deaf=on)
            d.talk(unheard=on and whole)
        case TurnDelivered(turn=turn):
            talking.turn_delivered(d, turn)
        case WordsLost(lost_ms=lost_ms):
            if lost_ms > 0:
                talking.words_lost(d)
        case VoiceHeard(on=on):
            talking.voice(d, on)
        case BotAudible(on=on):
            d.put(audible=on)
            d.life(unheard_s=None)
            d.talk(awaiting_answer=d.state.talk.awaiting_answer and not on)
        case GateOpened(on=on):
            d.talk(gate_open=on)
        case Suppressed(on=on):
            d.talk(suppressed=on)
        case WordsSent():
            pass
        case _:
            assert_never(event)


def _device_changed(d: Draft, device: Device, state: DeviceState, message: str) -> None:
    if device is Device.MICROPHONE:
        d.put(microphone=state)
    else:
        d.put(speaker=state)
        if d.state.life.unheard_s is not None:  # without a speaker nobody could have heard the bot
            d.life(unheard_s=d.now_s)
    if message:
        d.do(ReportError("device", message, fatal=False))
    if state not in ABSENT:
        dialling.hasten(d, device.value)
    _drained(d, device, state)


def _drained(d: Draft, device: Device, state: DeviceState) -> None:
    """The speaker closed behind a bot that left: its last words have been played."""
    if device is Device.SPEAKER and state is not DeviceState.OK and d.state.link.draining:
        ending.finish(d)


def _capture_restarted(d: Draft) -> None:
    """What was on its way is gone: a turn that only waited for that is over. What is wanted follows from the roads."""
    d.capture_anew = True
    d.put(microphone=DeviceState.CLOSED)
    d.talk(gate_open=False, suppressed=False)
    talking.voice(d, False)
    if d.state.talk.turn is Turn.CLOSING:
        talking.turn_delivered(d, d.state.talk.number)


def _playback_restarted(d: Draft) -> None:
    """A session has its speaker opened again; the last words of a bot that left are not waited for."""
    d.put(speaker=DeviceState.CLOSED, audible=False)
    if d.up():
        d.do(OpenSpeaker())
    _drained(d, Device.SPEAKER, DeviceState.CLOSED)
