"""How long each stage took, by the steps: press to light, microphone and first packet, and the stages of a dial."""

from __future__ import annotations

from appliance.service.driver import Step
from appliance.session.effects import Connect, StartBot
from appliance.session.events import (
    BotReady,
    BotStarted,
    ButtonPressed,
    Connected,
    Device,
    DeviceChanged,
    DeviceState,
    OfferAnswered,
    Role,
    WordsSent,
)
from appliance.session.lifecycle import TransportState
from appliance.units import Millis, Seconds

NAMES = (
    "press_to_light",
    "press_to_microphone",
    "start",
    "offer",
    "connect",
    "bot_ready",
    "press_to_first_packet",
    "press_to_bot_ready",
)

_STAGES: dict[type, str] = {
    BotStarted: "start",
    OfferAnswered: "offer",
    Connected: "connect",
    BotReady: "bot_ready",
}


class Timings:
    """An observer. `ms` holds the last figure of each name; 0 where there has been none yet."""

    def __init__(self) -> None:
        self.ms: dict[str, Millis] = dict.fromkeys(NAMES, 0.0)
        self._pressed_s: Seconds | None = None
        self._open: set[str] = set()
        self._stage_s: Seconds = 0.0

    def __call__(self, step: Step) -> None:
        event, at_s = step.event, step.at_s
        match event:
            case ButtonPressed(role=Role.TALK):
                self._press(step)
            case DeviceChanged(device=Device.MICROPHONE, state=DeviceState.OK):
                self._since_press("press_to_microphone", at_s)
            case WordsSent():
                self._since_press("press_to_first_packet", at_s)
            case _:
                pass
        if type(event) in _STAGES and step.after.link != step.before.link:  # one that was ignored changes nothing
            self._since_stage(_STAGES[type(event)], at_s)
            if isinstance(event, BotReady):
                self._since_press("press_to_bot_ready", at_s)
        if any(isinstance(effect, StartBot | Connect) for effect in step.effects):
            self._stage_s = at_s

    def light(self, at_s: Seconds) -> None:
        """The light has just said that it listens."""
        self._since_press("press_to_light", at_s)

    def _press(self, step: Step) -> None:
        self._pressed_s = step.at_s
        self._open = {"press_to_light", "press_to_microphone", "press_to_first_packet"}
        if step.before.link.state is not TransportState.READY:
            self._open.add("press_to_bot_ready")

    def _since_stage(self, name: str, at_s: Seconds) -> None:
        self.ms[name] = round((at_s - self._stage_s) * 1000, 1)
        self._stage_s = at_s

    def _since_press(self, name: str, at_s: Seconds) -> None:
        """Once a press."""
        if self._pressed_s is not None and name in self._open:
            self._open.discard(name)
            self.ms[name] = round((at_s - self._pressed_s) * 1000, 1)
