"""How long each stage took, by the steps: press to light, microphone and first packet, and the stages of a dial.

A press counts when it opens a turn: one while muted, or of a second button, has nothing that follows from it.
"""

from __future__ import annotations

from appliance.service.driver import Step
from appliance.session.effects import Connect, Resume, SendTurn, StartBot
from appliance.session.events import (
    BotReady,
    BotStarted,
    ButtonPressed,
    Connected,
    Device,
    DeviceChanged,
    DeviceState,
    OfferAnswered,
    WordsSent,
)
from appliance.session.lifecycle import TransportState
from appliance.session.state import Turn
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
TURN_NAMES = ("press_to_light_ms", "press_to_microphone_ms", "press_to_first_packet_ms", "release_to_stop_ms")

_STAGES: dict[type, str] = {
    BotStarted: "start",
    OfferAnswered: "offer",
    Connected: "connect",
    BotReady: "bot_ready",
}


class Timings:
    """An observer. `ms` holds the last figure of each name; 0 where there has been none yet.

    `turn_ms` holds those of the present or last turn only; None where there has been none in it.
    """

    def __init__(self) -> None:
        self.ms: dict[str, Millis] = dict.fromkeys(NAMES, 0.0)
        self.turn_ms: dict[str, Millis | None] = dict.fromkeys(TURN_NAMES)
        self._pressed_s: Seconds | None = None
        self._released_s: Seconds | None = None
        self._open: set[str] = set()
        self._stage_s: Seconds = 0.0

    def __call__(self, step: Step) -> None:
        event, at_s = step.event, step.at_s
        match event:
            case ButtonPressed() if step.after.talk.number != step.before.talk.number:
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
        if any(isinstance(effect, StartBot | Connect | Resume) for effect in step.effects):
            self._stage_s = at_s
        self._end_of_turn(step)

    def light(self, at_s: Seconds) -> None:
        """The light has just said that it listens."""
        self._since_press("press_to_light", at_s)

    def _press(self, step: Step) -> None:
        if step.before.talk.turn is Turn.NONE:  # else it goes on with the turn before
            self.turn_ms = dict.fromkeys(TURN_NAMES)
        self._pressed_s = step.at_s
        self._open = {"press_to_light", "press_to_microphone", "press_to_first_packet"}
        if step.before.link.state is not TransportState.READY:
            self._open.add("press_to_bot_ready")

    def _end_of_turn(self, step: Step) -> None:
        """From the release, or what else ended the words, to the message that tells the bot."""
        if step.before.talk.turn is Turn.OPEN:
            self._released_s = step.at_s  # the last of these steps is the one that ends it
        stopped = any(isinstance(effect, SendTurn) and effect.state == "stop" for effect in step.effects)
        if stopped and self._released_s is not None:
            self.turn_ms["release_to_stop_ms"] = round((step.at_s - self._released_s) * 1000, 1)

    def _since_stage(self, name: str, at_s: Seconds) -> None:
        self.ms[name] = round((at_s - self._stage_s) * 1000, 1)
        self._stage_s = at_s

    def _since_press(self, name: str, at_s: Seconds) -> None:
        """Once a press."""
        if self._pressed_s is not None and name in self._open:
            self._open.discard(name)
            self.ms[name] = round((at_s - self._pressed_s) * 1000, 1)
            if f"{name}_ms" in self.turn_ms:
                self.turn_ms[f"{name}_ms"] = self.ms[name]
