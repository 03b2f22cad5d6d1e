"""What the playout can answer when more sound is needed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.audio.tempo import Change


@dataclass(frozen=True, slots=True)
class Play:
    """Decode *payload* and play it, changed in length as *change* allows."""

    payload: bytes
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Recover:
    """Play the copy of a lost packet which *payload*, the one behind it, carries; that one is played next."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Conceal:
    """Play a guess, as long as one packet."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Play silence for the rest of the period."""


Decision = Play | Recover | Conceal | Wait

CONCEAL: Final = Conceal()
WAIT: Final = Wait()
