"""What the two sound roads and their devices report."""

from __future__ import annotations

from typing import assert_never

from appliance.session import ending, talking
from appliance.session.draft import Draft
from appliance.session.effects import ReportError
from appliance.session.events import (
    BotAudible,
    Device,
    DeviceChanged,
    DeviceState,
    GateOpened,
    Suppressed,
    TurnDelivered,
    VoiceHeard,
    WordsLost,
    WordsSent,
)

FromSound = DeviceChanged | WordsSent | TurnDelivered | WordsLost | VoiceHeard | GateOpened | Suppressed | BotAudible


def take(d: Draft, event: FromSound) -> None:
    match event:
        case DeviceChanged(device=device, state=state, message=message):
            if device is Device.MICROPHONE:
                d.put(microphone=state)
            else:
                d.put(speaker=state)
            if message:
                d.do(ReportError("device", message, fatal=False))
            _drained(d, device, state)
        case TurnDelivered(turn=turn):
            talking.turn_delivered(d, turn)
        case WordsLost(lost_ms=lost_ms):
            if lost_ms > 0:
                talking.words_lost(d)
        case VoiceHeard(on=on):
            talking.voice(d, on)
        case BotAudible(on=on):
            d.put(audible=on)
            d.talk(awaiting_answer=d.state.talk.awaiting_answer and not on)
        case GateOpened(on=on):
            d.talk(gate_open=on)
        case Suppressed(on=on):
            d.talk(suppressed=on)
        case WordsSent():
            pass
        case _:
            assert_never(event)


def _drained(d: Draft, device: Device, state: DeviceState) -> None:
    """The speaker closed behind a bot that left: its last words have been played."""
    if device is Device.SPEAKER and state is not DeviceState.OK and d.state.link.draining:
        ending.finish(d)
