"""The demonstration on a terminal: a simple view of what happens, and keys for the buttons."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.app import running
from appliance.config.schema import Settings
from appliance.demo.script import tell
from appliance.service.appliance import RunningAppliance

KEYS_MAX = 1024
KEYS = "space: press and release the talk button in turn; enter: tap the session button; q: end"


async def view(settings: Settings) -> None:
    """Until `q` or the end of input. The terminal is left as it was found."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with running(settings, socket=Path(settings.control.socket)) as appliance:
        appliance.subscribe(lambda event: _show(tell(event)))
        with _single_keys():
            _show(KEYS)
            keys = Keys(appliance, ended)
            loop.add_reader(sys.stdin.fileno(), keys.read)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(sys.stdin.fileno())


class Keys:
    """What is typed, as presses of the board's buttons."""

    def __init__(self, appliance: RunningAppliance, ended: asyncio.Event) -> None:
        assert appliance.board is not None, "a demonstration has a simulated board"
        self._board = appliance.board
        self._ended = ended
        self._held = False

    def read(self) -> None:
        """Take all that was typed. Not by way of `sys.stdin`, whose buffer would keep keys back until the next one."""
        try:
            typed = os.read(sys.stdin.fileno(), KEYS_MAX)
        except OSError:  # the terminal has gone
            typed = b""
        for key in typed.decode(errors="replace") or "q":
            self.typed(key)

    def typed(self, key: str) -> None:
        if key == " ":
            self._held = not self._held
            (self._board.press if self._held else self._board.release)("talk")
        elif key in "\r\n":
            self._board.press("session")
            self._board.release("session")
        elif key == "q":
            self._ended.set()


def _show(line: str) -> None:
    if line:
        print(line, end="\r\n", flush=True)


@contextmanager
def _single_keys() -> Iterator[None]:
    """Keys one by one and unseen, signals as ever."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
