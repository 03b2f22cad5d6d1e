"""RTVI 2.2.0 as text: what we say on the data channel, and what the bot's messages mean. Pure.

`parse` never raises, whatever comes: a server cannot harm the appliance by what it says. It knows nothing of the
channel itself and of what the machine does with an event.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from appliance.session.events import (
    BotError,
    BotInterrupted,
    BotLeft,
    BotMessage,
    BotReady,
    BotSpeaking,
    Event,
    UserSpeaking,
)
from appliance.transport.text import one_line

LABEL: Final = "rtvi-ai"
VERSION: Final = "2.2.0"
MESSAGE_BYTES_MAX: Final = 64 * 1024
"""What we read. The channel itself carries 262144 bytes; no message of the table comes near either."""

_OTHER_TYPES = """
error-response server-response server-message vad-user-started-speaking vad-user-stopped-speaking user-mute-started
user-mute-stopped user-input user-transcription user-llm-text bot-output bot-transcription bot-llm-started
bot-llm-stopped bot-llm-text bot-tts-started bot-tts-stopped bot-tts-text stt-raw-text llm-raw-text tts-raw-text
bot-llm-marker llm-function-call-started llm-function-call-in-progress llm-function-call-stopped llm-function-call
metrics user-audio-level bot-audio-level system-log bot-llm-search-response bot-tts-audio ui-command ui-job-group
"""
OTHER_TYPES: Final = frozenset(_OTHER_TYPES.split())
"""Known, and of no meaning to the machine."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A signalling message that is no event of a session."""

    kind: Literal["renegotiate"]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Well formed, of a type that we do not know; *type* is clipped."""

    type: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """No RTVI message at all; *reason* says why."""

    reason: str


Parsed = Event | Signal | Unknown | Malformed


def client_ready(message_id: str, about: Mapping[str, Any], version: str = VERSION) -> str:
    """Answered by `bot-ready`. *about* needs `library`."""
    return _message("client-ready", message_id, {"version": version, "about": dict(about)})


def client_message(message_id: str, t: str, d: Any) -> str:
    """A message for the bot's own handler; the turns of push-to-talk are such."""
    return _message("client-message", message_id, {"t": t, "d": d})


def disconnect_bot(message_id: str) -> str:
    """Asks the bot to end. It plays what is queued and 2 s of silence, then says `peerLeft`."""
    return _message("disconnect-bot", message_id, {})


def track_status(receiver_index: int, enabled: bool) -> str:
    """Said once for each track when the channel opens. For sound it has no effect."""
    body = {"type": "trackStatus", "receiver_index": receiver_index, "enabled": enabled}
    return _json({"type": "signalling", "message": body})


def ping(epoch_ms: int) -> str:
    """The keepalive: plain text, no JSON. A gap of 3 s makes the runner deaf and the bot mute."""
    return f"ping: {epoch_ms}"


def parse(text: str | bytes, attempt: int) -> Parsed:
    """What one message of the channel means. Never raises."""
    if len(text) > MESSAGE_BYTES_MAX:
        return Malformed(f"over {MESSAGE_BYTES_MAX} bytes")
    try:
        message = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return Malformed("not JSON")
    if not isinstance(message, dict):
        return Malformed("not an object")
    if message.get("type") == "signalling" and "label" not in message:
        return _signal(message.get("message"), attempt)
    if message.get("label") != LABEL:
        return Malformed("wrong label")
    kind = message.get("type")
    if not isinstance(kind, str):
        return Malformed("no type")
    return _event(kind, message.get("data"), attempt)


def _event(kind: str, data: Any, attempt: int) -> Event | Unknown:
    match kind:
        case "bot-ready":
            version = _field(data, "version")
            return BotReady(attempt, one_line(version, 32) if isinstance(version, str) else "")
        case "error":
            # `fatal` ends the session, so only a true `true` counts: a text "false" is true in Python.
            return BotError(attempt, _error_text(data), _field(data, "fatal") is True)
        case "bot-started-speaking" | "bot-stopped-speaking":
            return BotSpeaking(attempt, kind == "bot-started-speaking")
        case "user-started-speaking" | "user-stopped-speaking":
            return UserSpeaking(attempt, kind == "user-started-speaking")
        case "bot-interrupted":
            return BotInterrupted(attempt)
        case _ if kind in OTHER_TYPES:
            return BotMessage(attempt, kind, data)
    return Unknown(one_line(kind, 64))


def _signal(message: Any, attempt: int) -> Event | Signal | Unknown | Malformed:
    kind = _field(message, "type")
    if kind == "peerLeft":
        return BotLeft(attempt)
    if kind == "renegotiate":
        return Signal("renegotiate")
    return Unknown(one_line(kind, 64)) if isinstance(kind, str) else Malformed("no signalling type")


def _error_text(data: Any) -> str:
    for text in (_field(data, "error"), _field(data, "message"), data):
        if isinstance(text, str) and (line := one_line(text)):
            return line
    return "the bot reported an error and did not say which"


def _field(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, dict) else None


def _message(kind: str, message_id: str, data: Mapping[str, Any]) -> str:
    return _json({"label": LABEL, "type": kind, "id": message_id, "data": data})


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are no JSON, and would spoil ours if they were passed on


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(digits)
    return value
