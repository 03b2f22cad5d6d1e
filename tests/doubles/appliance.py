"""A running appliance as the control socket sees it: it does what it is told and remembers it. No sound, no wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from appliance.control.port import Listener
from appliance.session.events import ConnectAsked, Event, MuteAsked, StartAsked, StopAsked


class FakeBoard:
    """A simulated board with two buttons."""

    def __init__(self) -> None:
        self.buttons = ["talk", "session"]
        self.edges: list[tuple[str, str]] = []

    def press(self, button: str) -> None:
        self._edge("press", button)

    def release(self, button: str) -> None:
        self._edge("release", button)

    def _edge(self, edge: str, button: str) -> None:
        if button not in self.buttons:
            raise KeyError(button)
        self.edges.append((edge, button))


class FakeConfiguration:
    """A configuration whose next reload ends as a test likes."""

    def __init__(self) -> None:
        self.ending: dict[str, Any] | Exception = {"applied": [], "restart": []}
        self.reloads = 0

    def config(self) -> dict[str, Any]:
        return {"runner": {"api_key": "********", "url": "http://x"}}

    async def reload(self) -> dict[str, Any]:
        self.reloads += 1
        if isinstance(self.ending, Exception):
            raise self.ending
        return self.ending


class FakeAppliance:
    """Its state follows the last event at once; `say` publishes whatever a test likes."""

    def __init__(self) -> None:
        self.fake_board: FakeBoard | None = FakeBoard()
        self.state = "idle"
        self.posted: list[Event] = []
        self.listeners: list[Listener] = []
        self.more_status: dict[str, Any] = {}
        self.traced: list[str] = []

    @property
    def board(self) -> FakeBoard | None:
        return self.fake_board

    def status(self) -> dict[str, Any]:
        lit = "listening" if self.fake_board and self.fake_board.edges[-1:] == [("press", "talk")] else "idle"
        status: dict[str, Any] = {
            "version": "0.1.0",
            "state": self.state,
            "since_s": 12.34,
            "wanted": False,
            "light": {"meaning": lit, "colour": "none", "pattern": "off"},
        }
        return status | self.more_status

    def trace(self) -> Iterator[str]:
        return iter(self.traced)

    def post(self, event: Event) -> None:
        self.posted.append(event)
        match event:
            case StartAsked():
                self.state = "authenticating"
            case ConnectAsked():
                self.state = "connecting"
            case StopAsked():
                self.state = "disconnected"
            case MuteAsked():
                pass
            case _:
                raise AssertionError(event)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def say(self, **event: Any) -> None:
        for listener in tuple(self.listeners):
            listener(event)
