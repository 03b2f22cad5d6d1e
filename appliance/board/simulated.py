"""The simulated board: buttons that scripts, tests and the demonstration press. No pins; its light is in the events.

It does without gpiozero's mock pins, which cost 60 ms and 10 MB to import. A contract suite holds it to the same
behaviour as a board on those.
"""

from __future__ import annotations

from collections.abc import Mapping

from appliance.board.port import Post
from appliance.session.events import ButtonPressed, ButtonReleased, Role


class SimulatedBoard:
    """See `port.Board`. Edges that change nothing (pressed twice, released twice) are ignored and counted."""

    def __init__(self, buttons: Mapping[str, Role], post: Post) -> None:
        self._roles = dict(buttons)
        self._post = post
        self._down: set[str] = set()
        self.edges_ignored = 0
        self.shown: tuple[str, str] | None = None
        """Colour and pattern that the light would have."""

    @property
    def buttons(self) -> list[str]:
        return list(self._roles)

    def start(self) -> None:
        """There is nothing to claim: it can be pressed as soon as it is made."""

    def show(self, colour: str, pattern: str) -> None:
        self.shown = colour, pattern

    def restart(self) -> None:
        for button in sorted(self._down):
            self.release(button)

    def close(self) -> None:
        self.shown = None
        self._post = _nobody

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


def _nobody(_event: object) -> None:
    """Takes the events of a board that is closed."""
