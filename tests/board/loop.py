"""An event loop whose time passes when a test says so, for what needs timers and no more."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any


class FakeTimer:
    def __init__(self, at_s: float, number: int, call: Callable[[], object]) -> None:
        self.at_s = at_s
        self.number = number
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeLoop:
    """Starts at 100 s, so that a time that was never set is noticed."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.fired = 0
        """Timers that came due: what the thing under test costs."""
        self._timers: list[FakeTimer] = []
        self._soon: list[Callable[[], object]] = []
        self._numbers = itertools.count()

    def time(self) -> float:
        return self.now_s

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> FakeTimer:
        assert delay >= 0
        timer = FakeTimer(self.now_s + delay, next(self._numbers), lambda: callback(*args))
        self._timers.append(timer)
        return timer

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any) -> object:
        self._soon.append(lambda: callback(*args))
        return None

    @property
    def waiting(self) -> int:
        """Timers that are armed."""
        return sum(not timer.cancelled for timer in self._timers)

    @property
    def woken(self) -> int:
        """Calls from threads that wait for their turn."""
        return len(self._soon)

    def turn(self) -> None:
        """Do what came from threads."""
        soon, self._soon = self._soon, []
        for call in soon:
            call()

    def run(self, for_s: float) -> None:
        """Let *for_s* pass, timers and calls from threads each in their turn."""
        until_s = self.now_s + for_s
        self.turn()
        while due := [timer for timer in self._timers if not timer.cancelled and timer.at_s <= until_s]:
            timer = min(due, key=lambda timer: (timer.at_s, timer.number))
            self._timers.remove(timer)
            self.now_s = max(self.now_s, timer.at_s)
            self.fired += 1
            timer.call()
            self.turn()
        self.now_s = until_s
