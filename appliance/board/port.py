"""What a board is to the rest, whichever kind it is: simulated, or pins.

A board turns fingers into events and looks into light. It does not know what either of them means.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from appliance.session.events import Event
from appliance.units import Seconds


class Trouble(Enum):
    """What can be wrong with a button."""

    HELD_AT_START = "held-at-start"
    """It is down before anybody can have pressed it; ignored until it is released."""
    CHATTERING = "chattering"
    """It opens and closes faster, or for longer, than a finger can; ignored until it is quiet."""
    FLOATING = "floating"
    """Nothing holds its pin at a level; the board's own resistor is used in spite of the configuration."""
    OVER = "over"
    """The button works again. Good news, not an error."""


Post = Callable[[Event], None]
"""Takes the events of the buttons. Called on the event loop only."""
Report = Callable[[Trouble, str, str], None]
"""Takes the trouble, the button's name, and a sentence a person can act on. Called on the event loop only."""


class Board(Protocol):
    """Event loop only. Held buttons are released by nobody at `close`: who closes a board lets go of everything."""

    @property
    def edges_ignored(self) -> int:
        """Edges that became no event: bounces, chatter, a button pressed twice without a release between."""
        ...

    def start(self) -> None:
        """Claim the pins, and post events from now on; `close` is owed. Reports what is wrong with a button.

        Raises `UnavailableError`, with nothing claimed: no pins on this machine, one that does not exist or is in use.
        """
        ...

    def show(self, colour: str, pattern: str) -> None:
        """Light all lights so, at once, until the next call. Words as in `session.indicator`."""
        ...

    def restart(self) -> None:
        """Begin anew after something of it failed: what is held is released, the pins are claimed again, the light is
        as before. Raises as `start`; `close` is owed.
        """
        ...

    def close(self) -> None:
        """Lights off, pins let go of; nothing is posted afterwards. May be called twice, or without `start`."""
        ...


MakeBoard = Callable[[Post, Report], Board]


class Timer(Protocol):
    def cancel(self) -> None: ...


class Loop(Protocol):
    """What a board needs of the event loop. asyncio's is one; tests have one whose time stands still."""

    def time(self) -> Seconds: ...

    def call_later(self, delay: Seconds, callback: Callable[..., object], *args: Any) -> Timer: ...

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any) -> object: ...
