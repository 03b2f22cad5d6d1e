"""The keyboard as buttons: what is typed on the demonstration's terminal, as presses of its simulated board."""

from __future__ import annotations

import contextlib
import os
import termios
import tty
from collections.abc import Callable, Iterator

from appliance.board.simulated import SimulatedBoard

KEYS_MAX = 1024
_INPUT, _LOCAL = 0, 3  # places in what tcgetattr returns


class Keys:
    """What is typed at *descriptor*, as presses of the buttons `talk`, `tap` and `mute`. *end*: `q`, or it is gone."""

    def __init__(self, descriptor: int, board: SimulatedBoard, end: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._board = board
        self._end = end
        self._held = False

    def read(self) -> None:
        """Take all that was typed. Not by way of `sys.stdin`, whose buffer would keep keys back until the next one."""
        try:
            typed = os.read(self._descriptor, KEYS_MAX)
        except OSError:  # the terminal has gone
            typed = b""
        for key in typed.decode(errors="replace") or "q":
            self.typed(key)

    def typed(self, key: str) -> None:
        if key == " ":
            self._held = not self._held
            (self._board.press if self._held else self._board.release)("talk")
        elif key in "\r\n":
            self._tap("tap")
        elif key == "m":
            self._tap("mute")
        elif key == "q":
            self._end()

    def _tap(self, button: str) -> None:
        self._board.press(button)
        self._board.release(button)


@contextlib.contextmanager
def single_keys(descriptor: int) -> Iterator[None]:
    """Keys one by one and unseen, signals as ever, and none that stops the output: that would stop the view too."""
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    now = termios.tcgetattr(descriptor)
    now[_INPUT] &= ~termios.IXON
    termios.tcsetattr(descriptor, termios.TCSADRAIN, now)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal has gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
