"""The bots by name, and the words that choose one. Not what they do: that is `bots` and `faults`.

Nothing heavy is imported here, because `--help` and a wrong name must be answered at once.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass

from appliance.errors import ApplianceError
from appliance.units import Seconds

BOTS: dict[str, str] = {
    "echo": "says back each turn after it ends",
    "greeting": "greets once the client is ready, then echoes",
    "tone": "a steady tone from the moment it is there",
    "crash": "ends at start: the offer is answered, then nothing comes",
    "never-ready": "is there and sends silence, but never says bot-ready",
    "slow[:S]": "takes S seconds to start (4), then echoes",
    "fatal[:S]": "reports a fatal error S seconds after it was ready (1), and ends",
    "non-fatal[:S]": "reports an error S seconds after it was ready (1), and goes on echoing",
    "write-dead[:S]": "S seconds after it was ready (1) its voice is dead for good, and it says so",
    "leaves[:S]": "hangs up S seconds after it was ready (1)",
    "mute": "never sends a packet of sound",
    "refuses[:STATUS[,RETRY_AFTER]]": "start is refused with STATUS (503)",
    "refuses-offer[:STATUS[,RETRY_AFTER]]": "the offer is refused with STATUS (503)",
    "hangs": "start is never answered",
    "hangs-offer": "the offer is never answered",
    "nonsense:KIND": "answers nonsense: html, list, null, empty-sdp, no-audio, wrong-session, redirect, bad-rtvi",
}
"""What can be asked for (with its values in brackets), and what it does."""

FLAVOURS = ("html", "list", "null", "empty-sdp", "no-audio", "wrong-session", "redirect", "bad-rtvi")

_DEFAULT_S: dict[str, Seconds] = {"slow": 4.0, "fatal": 1.0, "non-fatal": 1.0, "write-dead": 1.0, "leaves": 1.0}
_LONGEST_S: Seconds = 3600.0
_WITH_STATUS = ("refuses", "refuses-offer")
_NAMES = tuple(usage.split("[")[0].split(":")[0] for usage in BOTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One bot as asked for. Only the fields that belong to *name* mean anything."""

    name: str
    after_s: Seconds = 0.0
    status: int = 503
    retry_after_s: int | None = None
    flavour: str = ""


def parse_bot(text: str) -> Kind:
    """The bot called *text*, as `NAME` or `NAME:VALUE`. Raises `ApplianceError` that names every bot there is."""
    name, colon, value = text.strip().partition(":")
    if name not in _NAMES:
        close = difflib.get_close_matches(name, _NAMES, n=1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise ApplianceError(f"no bot is called '{name}'; {hint}there are: {', '.join(BOTS)}")
    if name == "nonsense":
        if value not in FLAVOURS:
            raise ApplianceError(f"bot '{text}': a kind of nonsense was expected; use one of: {', '.join(FLAVOURS)}")
        return Kind(name=name, flavour=value)
    if name in _WITH_STATUS:
        return _refusing(text, name, value)
    if name in _DEFAULT_S:
        return Kind(name=name, after_s=_seconds(text, value) if colon else _DEFAULT_S[name])
    if colon:
        raise ApplianceError(f"bot '{text}': '{name}' takes no value; write '{name}'")
    return Kind(name=name)


def _seconds(text: str, value: str) -> Seconds:
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0.0 <= seconds <= _LONGEST_S:
        raise ApplianceError(f"bot '{text}': '{value}' is no time; write seconds from 0 to {_LONGEST_S:.0f}")
    return seconds


def _refusing(text: str, name: str, value: str) -> Kind:
    status, comma, wait = value.partition(",")
    if not (status or "503").isdecimal() or not 400 <= int(status or "503") <= 599:
        raise ApplianceError(f"bot '{text}': '{status}' is no refusal; write a status from 400 to 599")
    if comma and not (wait.isdecimal() and int(wait) <= _LONGEST_S):
        raise ApplianceError(f"bot '{text}': '{wait}' is no Retry-After; write whole seconds up to {_LONGEST_S:.0f}")
    return Kind(name=name, status=int(status or "503"), retry_after_s=int(wait) if comma else None)
