"""RTVI as the bot's side speaks it: the messages built, and what comes in checked. Pure.

Written from the wire, not from the appliance's own `transport`: each checks the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

Message = dict[str, object]
"""One JSON object, as it goes over the data channel."""

LABEL = "rtvi-ai"
VERSION = "2.2.0"
PEER_LEFT: Message = {"type": "signalling", "message": {"type": "peerLeft"}}

MESSAGE_MAX = 65_536
"""Characters; a development runner takes four times as much."""

WITHOUT_REPLY = frozenset(
    {"send-text", "send-file", "dtmf", "raw-audio", "raw-audio-batch", "llm-function-call-result"}
    | {"ui-event", "ui-snapshot", "ui-cancel-job-group"}
)
"""Types that a development runner accepts, and these bots have no use for."""

_ABOUT = {"library": "voice-appliance-runner", "library_version": "1"}
_CAPABILITIES = {
    "audio_in": True,
    "audio_out": True,
    "video_in": False,
    "screen_in": False,
    "video_out": False,
    "metrics": False,
}


@dataclass(frozen=True, slots=True)
class Request:
    """A well-formed message of the client."""

    type: str
    id: str
    data: Mapping[str, object]


def event(type_: str, data: Message | None = None) -> Message:
    """A message that the bot sends by itself: no id."""
    return {"label": LABEL, "type": type_} | ({} if data is None else {"data": data})


def error(text: str, *, fatal: bool) -> Message:
    return event("error", {"error": text, "fatal": fatal})


def error_response(id_: str, text: str) -> Message:
    return {"label": LABEL, "type": "error-response", "id": id_, "data": {"error": text}}


def parse(text: str | bytes) -> Message | None:
    """The object in *text*, or None for anything else that can come over a channel."""
    if len(text) > MESSAGE_MAX:
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and "type" in message else None


def read(message: Mapping[str, object]) -> Request | Message | None:
    """The request in *message*, or the error it earns, or None where a development runner only writes to its log."""
    if message.get("label") != LABEL:
        return None
    type_, id_, data = message.get("type"), message.get("id"), message.get("data")
    if not isinstance(id_, str) or not isinstance(type_, str) or not isinstance(data, dict | None):
        wrong = "id" if not isinstance(id_, str) else "type" if not isinstance(type_, str) else "data"
        text = f"Invalid RTVI transport message: 1 validation error for Message\n{wrong}\n  Field required or invalid"
        return error(text, fatal=False)
    return Request(type=type_, id=id_, data=data or {})


def bot_ready(request: Request) -> list[Message]:
    """The answer to a client-ready: bot-ready, and before it a warning where the versions do not fit."""
    asked = request.data.get("version")
    version, warning = _negotiate(asked if isinstance(asked, str) else "")
    ready: Message = {
        "label": LABEL,
        "type": "bot-ready",
        "id": request.id,
        "data": {"version": version, "about": dict(_ABOUT), "capabilities": dict(_CAPABILITIES)},
    }
    return [error_response(request.id, f"{warning} Compatibility issues may occur."), ready] if warning else [ready]


def _negotiate(asked: str) -> tuple[str, str]:
    """The version to announce, and what is wrong with the one that was *asked* for ('' if nothing is)."""
    if not asked:
        return VERSION, "Client version unknown."
    parts = asked.split(".")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return VERSION, f"Invalid client version format ({asked[:40]})."
    if parts[0] == "1":
        return asked, ""  # old clients are served in their own shape
    if parts[0] == VERSION.partition(".")[0]:
        return VERSION, ""
    return VERSION, f"RTVI version {asked[:40]} is not compatible with server protocol {VERSION}."
