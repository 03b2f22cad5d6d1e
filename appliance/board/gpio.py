"""The real board: buttons and lights on the pins of this machine, or on gpiozero's mock pins."""

from __future__ import annotations

import asyncio
import contextlib

from appliance.board.buttons import Buttons
from appliance.board.lights import Lights
from appliance.board.pins import PinLamp, PinLine, pin_factory
from appliance.board.port import Loop, Post, Report
from appliance.board.wiring import Wiring
from appliance.session.events import ButtonReleased


class GpioBoard:
    """See `port.Board`. *loop*: the running one, unless a test has its own."""

    def __init__(self, wiring: Wiring, post: Post, report: Report, *, loop: Loop | None = None) -> None:
        self._wiring = wiring
        self._post = post
        self._report = report
        self._loop: Loop = loop or asyncio.get_running_loop()
        self._buttons: Buttons | None = None
        self._lights: Lights | None = None
        self._past_ignored = 0
        self._shown: tuple[str, str] | None = None

    @property
    def edges_ignored(self) -> int:
        return self._past_ignored + (self._buttons.edges_ignored if self._buttons is not None else 0)

    def start(self) -> None:
        factory, loop = pin_factory(), self._loop
        with contextlib.ExitStack() as claimed:
            lamps = []
            for name, light in self._wiring.lights.items():
                lamps.append(PinLamp(name, light, factory))
                claimed.callback(lamps[-1].close)
            lines = {}
            for name, button in self._wiring.buttons.items():
                line = PinLine(name, button, loop, factory)
                claimed.callback(line.close)
                lines[name] = (button.role, line)
            claimed.pop_all()  # all are here: they are closed by `close` now
        self._lights = Lights(lamps, loop)
        self._buttons = Buttons(lines, self._post, self._report, loop)
        self._buttons.start()

    def show(self, colour: str, pattern: str) -> None:
        self._shown = colour, pattern
        if self._lights is not None:
            self._lights.show(colour, pattern)

    def restart(self) -> None:
        held = self._buttons.held if self._buttons is not None else ()
        self.close()
        for name, role in held:
            self._post(ButtonReleased(name, role))
        self.start()
        if self._shown is not None:
            self.show(*self._shown)

    def close(self) -> None:
        if self._buttons is not None:
            self._past_ignored += self._buttons.edges_ignored
            self._buttons.close()
        if self._lights is not None:
            self._lights.close()
        self._buttons = self._lights = None
