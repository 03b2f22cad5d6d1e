"""What is told of a step: the events of the control socket, and the log's story of the day.

Published events are the JSON objects of the control socket. Nothing is told twice: lights, recovery and what the bot
does are told when they change.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from appliance.service.driver import Step
from appliance.session.effects import ReportEnd, ReportError, ReportState, SendTurn
from appliance.session.events import (
    BotAudible,
    BotLeft,
    BotSpeaking,
    ButtonPressed,
    ButtonReleased,
    DeviceChanged,
    TurnDelivered,
    WordsLost,
)
from appliance.session.indicator import LOOKS, Meaning, meaning
from appliance.session.lifecycle import TransportState
from appliance.session.state import Phase, Recovery, Turn
from appliance.telling import tell
from appliance.units import Seconds

log = logging.getLogger("appliance")

Told = dict[str, Any]


def recovery_status(recovery: Recovery, now_s: Seconds) -> Told:
    """The `recovery` object of the status and of its event."""
    waiting_for = "person" if recovery.phase is Phase.GIVEN_UP else recovery.waiting_for
    retry_at_s = recovery.retry_at_s
    return {
        "phase": recovery.phase.value,
        "reason": recovery.reason,
        "waiting_for": waiting_for,
        "attempt": recovery.count,
        "retry_in_s": None if retry_at_s is None else round(max(retry_at_s - now_s, 0.0), 1),
    }


def light_status(lit: Meaning) -> Told:
    """The `light` object of the status and of its event."""
    look = LOOKS[lit]
    return {"meaning": lit.value, "colour": look.colour, "pattern": look.pattern}


class Story:
    """An observer. *publish* takes each event; *show* lights the board's light, at the time of the step; *turn_figures*
    gives what a finished turn's event carries."""

    def __init__(
        self,
        publish: Callable[[Told], None],
        show: Callable[[Meaning, Seconds], None],
        turn_figures: Callable[[], Told],
    ) -> None:
        self._publish = publish
        self._show = show
        self._turn_figures = turn_figures
        self._light: Meaning | None = None
        self._failures: set[str] = set()
        self._failing_since_s: Seconds | None = None

    def __call__(self, step: Step) -> None:
        self._button(step)
        self._report(step)
        self._bot(step)
        self._turn(step)
        self._device(step)
        self._recovery(step)
        self._lights(step)

    def _tell(self, type_: str, step: Step, **fields: Any) -> None:
        self._publish({"type": type_, "at_s": round(step.at_s, 4), **fields})

    def _button(self, step: Step) -> None:
        match step.event:
            case ButtonPressed(name=name):
                self._tell("button", step, name=name, edge="press")
            case ButtonReleased(name=name):
                self._tell("button", step, name=name, edge="release")
            case _:
                pass

    def _report(self, step: Step) -> None:
        for effect in step.effects:
            match effect:
                case ReportState(state=state, previous=previous):
                    self._tell("state", step, state=state.value, previous=previous.value)
                    attempt = step.after.link.attempt
                    tell(log, logging.INFO, "state", state=state.value, previous=previous.value, attempt=attempt)
                case ReportError(source=source, message=message, fatal=fatal):
                    self._tell("error", step, fatal=fatal, source=source, message=message)
                    self._log_error(step, source, message)
                case ReportEnd(reason=reason):
                    tell(log, logging.INFO, "session_end", reason=reason)
                case _:
                    pass

    def _log_error(self, step: Step, source: str, message: str) -> None:
        """The first failure of a kind is loud, its repeats are not, until a session is ready again."""
        repeated = message in self._failures
        self._failures.add(message)
        if self._failing_since_s is None:
            self._failing_since_s = step.at_s
        tell(log, logging.DEBUG if repeated else logging.WARNING, "error", source=source, message=message)

    def _bot(self, step: Step) -> None:
        before, after = step.before.link, step.after.link
        if after.rtvi is not None and after.rtvi != before.rtvi:
            self._tell("bot", step, event="ready", rtvi=after.rtvi)
        if after.state is TransportState.READY and before.state is not TransportState.READY:
            self._recovered(step)
        match step.event:
            case BotSpeaking(on=on) if on != before.bot_speaking and after.bot_speaking == on:
                self._tell("bot", step, event="speaking" if on else "silent")
            case BotAudible(on=on):
                self._tell("bot", step, event="audible" if on else "inaudible")
            case BotLeft() if before != after:
                self._tell("bot", step, event="gone")
            case _:
                pass

    def _recovered(self, step: Step) -> None:
        if self._failing_since_s is not None:
            tell(log, logging.INFO, "recovered", after_s=round(step.at_s - self._failing_since_s, 1))
        self._failing_since_s = None
        self._failures.clear()

    def _turn(self, step: Step) -> None:
        before, after = step.before.talk, step.after.talk
        if before.turn is Turn.NONE and after.turn is not Turn.NONE:
            self._tell("turn", step, event="start", turn=after.number)
        elif before.turn is not Turn.NONE and after.turn is Turn.NONE:
            delivered = isinstance(step.event, TurnDelivered)
            told = any(isinstance(effect, SendTurn) and effect.state == "stop" for effect in step.effects)
            figures = self._turn_figures()
            self._tell("turn", step, event="stop", turn=after.number, delivered=delivered, told=told, **figures)
            tell(log, logging.INFO, "turn", delivered=delivered, **figures)
        if isinstance(step.event, WordsLost) and step.event.lost_ms > 0:
            tell(log, logging.WARNING, "words_lost", lost_ms=round(step.event.lost_ms))

    def _device(self, step: Step) -> None:
        if isinstance(step.event, DeviceChanged):
            event = step.event
            self._tell("device", step, device=event.device.value, state=event.state.value, message=event.message)

    def _recovery(self, step: Step) -> None:
        before, after = step.before.recovery, step.after.recovery
        if (before.phase, before.retry_at_s) != (after.phase, after.retry_at_s):
            self._tell("recovery", step, **recovery_status(after, step.at_s))

    def _lights(self, step: Step) -> None:
        lit = meaning(step.after, step.policy, step.at_s)
        if lit is not self._light:
            self._light = lit
            self._tell("light", step, **light_status(lit))
            self._show(lit, step.at_s)
