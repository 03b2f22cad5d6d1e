"""What a trace must not tell: secrets, start replies, tokens, and what people and bots say.

What is left is what the machine decides by, so that a redacted trace replays as the whole one would: of a bot's error
that is the one text that is final.
"""

from __future__ import annotations

import re
from typing import Any

from appliance.session.from_runner import BOT_FAILED, FINAL_ERROR

HIDDEN = "***"

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?([^\s/?#]+)[^\s;,]*", re.IGNORECASE)
"""An address: its path may name a session, its query may carry a key."""
_TOKEN = re.compile(r"(?=[\w+=.~-]*\d)[\w+=~-]{16,}(?:\.[\w+=~-]+)*")
"""A word that nobody says: 16 letters or more with a figure among them. Keys, session names and hashes are longer."""


def redacted(value: Any) -> Any:
    """A record, as `records.encode` made it, without what it must not tell."""
    if isinstance(value, dict):
        return {key: _field(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def _field(key: str, value: Any) -> Any:
    if key in ("reply", "parameters"):
        return None if value is None else {}
    if key == "data":
        return None
    if key == "BotError":
        message = FINAL_ERROR if FINAL_ERROR in value["message"] else HIDDEN
        return {**value, "message": message}
    if key == "ReportError" and value["source"] == "bot":
        return {**value, "message": HIDDEN}
    return redacted(value)


def _text(text: str) -> str:
    if text.startswith(BOT_FAILED):
        return BOT_FAILED + HIDDEN
    return _TOKEN.sub(HIDDEN, _ADDRESS.sub(r"\1\2", text))
