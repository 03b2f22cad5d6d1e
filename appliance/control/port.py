"""What the control socket needs of a running appliance, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from appliance.session.events import Event

Listener = Callable[[dict[str, Any]], None]
"""Takes one published event, a JSON object (README, Operating it by socket). Event loop; must not block."""


class Board(Protocol):
    """A board whose buttons can be pressed from here: the simulated one."""

    def press(self, button: str) -> None:
        """Press *button* and keep it down. Raises `KeyError` for a name that the board does not have."""
        ...

    def release(self, button: str) -> None:
        """Let *button* go. Raises `KeyError` for a name that the board does not have."""
        ...

    @property
    def buttons(self) -> list[str]: ...


class Configuration(Protocol):
    """The settings that the appliance runs by, and the file that they came from. Event loop only."""

    def config(self) -> dict[str, Any]:
        """The object of `GET /v1/config`: what is in effect, secrets as stars."""
        ...

    async def reload(self) -> dict[str, Any]:
        """Read the file again; the object of `POST /v1/reload`: `applied` and `restart`, lists of the keys that have
        changed and are in effect now, or will be after a restart.

        Raises `ConfigError` when the file is wrong, `ApplianceError` when there is none to be read. Then all stays.
        """
        ...


class Appliance(Protocol):
    """The running appliance. Event loop only."""

    @property
    def board(self) -> Board | None:
        """None when the board is a real one, whose buttons only fingers press."""
        ...

    def status(self) -> dict[str, Any]:
        """The object of `GET /v1/status`, a fresh one each time."""
        ...

    def trace(self) -> Iterator[str]:
        """The lines of `GET /v1/trace`, with their ends, as of now. Each is made when it is asked for."""
        ...

    def post(self, event: Event) -> None:
        """Hand an event to the session machine. Taken before this returns, unless one is being taken right now."""
        ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have *listener* called with every published event; returns what ends it."""
        ...
