"""The simulated board: buttons that scripts, tests and the demonstration press. No pins; its light is in the events."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from appliance.session.events import ButtonPressed, ButtonReleased, Event, Role


class SimulatedBoard:
    """Event loop only. Edges that change nothing (pressed twice, released twice) are ignored and counted."""

    def __init__(self, buttons: Mapping[str, Role], post: Callable[[Event], None]) -> None:
        self._roles = dict(buttons)
        self._post = post
        self._down: set[str] = set()
        self.edges_ignored = 0

    @property
    def buttons(self) -> list[str]:
        return list(self._roles)

    def press(self, button: str) -> None:
        """Press *button* and keep it down. Raises `KeyError` for a name that the board does not have."""
        role = self._roles[button]
        if button in self._down:
            self.edges_ignored += 1
            return
        self._down.add(button)
        self._post(ButtonPressed(button, role))

    def release(self, button: str) -> None:
        """Let *button* go. Raises `KeyError` for a name that the board does not have."""
        role = self._roles[button]
        if button not in self._down:
            self.edges_ignored += 1
            return
        self._down.discard(button)
        self._post(ButtonReleased(button, role))
