"""What the person at a box lived through in a fault, read from what the box told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Told = Mapping[str, Any]

LEFT_READY: Told = {"type": "state", "previous": "ready"}
READY: Told = {"type": "state", "state": "ready"}
LISTENING: Told = {"type": "light", "meaning": "listening"}


@dataclass(frozen=True, slots=True)
class Lived:
    """Times in seconds; None: it did not happen."""

    noticed_s: float | None
    """From the fault until it showed; of a link: until the box no longer claimed to be ready."""
    back_s: float | None
    """From the end of the fault, or the runner's return, until all was well (again or still)."""
    reason: str = ""
    """What was given as the reason meanwhile."""
    lights: tuple[str, ...] = ()
    """What the light meant, from the fault on."""
    same_bot: bool = False
    """It went on with the bot it had."""
    green: bool = False
    """It was said to listen, from the fault on, before it was over."""


def lived(
    told: Iterable[Told],
    fault_s: float,
    over_s: float,
    *,
    same_bot: bool,
    noticed: Told = LEFT_READY,
    back: Told = READY,
) -> Lived:
    """What was told since *fault_s*; the fault was over at *over_s*, and all is well now.

    *noticed* and *back* are fields of the events that say so: the first of the one, the last of the other.
    """
    since = [event for event in told if event.get("at_s", 0.0) >= fault_s]
    showed = [event["at_s"] for event in since if has(event, noticed)]
    well = [event["at_s"] for event in since if has(event, back)]
    return Lived(
        noticed_s=showed[0] - fault_s if showed else None,
        back_s=max(well[-1] - over_s, 0.0) if well else 0.0,
        reason=_reason(since),
        lights=tuple(event["meaning"] for event in since if event["type"] == "light"),
        same_bot=same_bot,
        green=any(has(event, LISTENING) and event["at_s"] < over_s for event in since),
    )


def has(event: Told, fields: Told) -> bool:
    return all(event.get(key) == value for key, value in fields.items())


def _reason(told: Iterable[Told]) -> str:
    """The last one given, of errors that had to do with the link, or of a device that failed."""
    reasons = [
        event["message"]
        for event in told
        if (event["type"] == "error" and event["source"] != "device")
        or (event["type"] == "device" and event["message"])
    ]
    return str(reasons[-1]) if reasons else ""
