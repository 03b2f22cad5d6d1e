"""How buttons and lights are wired: what of the configuration a board needs, as values of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from appliance.session.events import Role

Pull = Literal["up", "down", "none"]
Pin = int | str
"""A BCM number, or a name that gpiozero knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonWiring:
    role: Role
    pin: Pin = ""
    """Not looked at by a simulated board."""
    pull: Pull = "up"
    active_low: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LightWiring:
    pins: tuple[Pin, ...]
    """One, or those of red, green and blue."""
    active_low: bool = False
    brightness: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """A whole board, by the names that a person gave."""

    buttons: Mapping[str, ButtonWiring]
    lights: Mapping[str, LightWiring]
