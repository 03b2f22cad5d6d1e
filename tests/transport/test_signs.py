"""The two facts that are told of what comes, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from appliance.session.life import QUIET_S
from appliance.transport.signs import SignsOfLife


class Loop:
    """A clock, and timers that are due by it."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.wakes = 0
        self._timers: list[tuple[float, Callable[[], None], list[bool]]] = []

    def time(self) -> float:
        return self.now_s

    def call_at(self, at_s: float, call: Callable[[], None]) -> Any:
        live = [True]
        self._timers.append((at_s, call, live))
        return type("Handle", (), {"cancel": lambda _: live.clear()})()

    def call_later(self, in_s: float, call: Callable[[], None]) -> Any:
        return self.call_at(self.now_s + in_s, call)

    def run(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while due := sorted((timer for timer in self._timers if timer[0] <= until_s), key=lambda timer: timer[0]):
            at_s, call, live = due[0]
            self._timers.remove(due[0])
            self.now_s = max(self.now_s, at_s)
            if live:
                self.wakes += 1
                call()
        self.now_s = until_s


def begun(
    caught_up: Callable[[], bool] = lambda: True,
) -> tuple[Loop, SignsOfLife, list[tuple[float, bool, bool]]]:
    loop, told = Loop(), list[tuple[float, bool, bool]]()

    def tell(sound: bool, heard: bool) -> None:
        told.append((round(loop.now_s - 100, 3), sound, heard))

    signs = SignsOfLife(loop, tell, caught_up)  # type: ignore[arg-type]
    signs.begin()
    return loop, signs, told


def test_a_link_that_is_well_is_told_of_once_and_costs_next_to_nothing() -> None:
    loop, signs, told = begun()
    for _ in range(50 * 60):
        signs.sound()
        loop.run(0.02)
    assert told == [(0, True, True)]
    assert loop.wakes <= 60 / QUIET_S + 1


def test_silence_is_told_when_it_is_one_and_not_before() -> None:
    loop, signs, told = begun()
    loop.run(0.7)
    signs.sound()
    loop.run(QUIET_S - 0.001)
    assert told[1:] == []
    loop.run(0.002)
    assert told[1:] == [(0.7 + QUIET_S, False, False)]
    loop.run(60.0)
    assert len(told) == 2
    signs.other()
    assert told[2:] == [(round(loop.now_s - 100, 3), False, True)]
    signs.sound()
    assert told[3:] == [(round(loop.now_s - 100, 3), True, True)]


def test_sound_may_stop_while_other_signs_go_on() -> None:
    loop, signs, told = begun()
    signs.sound()
    for _ in range(10):
        loop.run(1.0)
        signs.other()
    assert told == [(0, True, True), (QUIET_S, False, True)]


def test_a_connection_that_never_says_anything_is_silent_from_its_beginning() -> None:
    loop, _, told = begun()
    loop.run(QUIET_S + 0.001)
    assert told == [(QUIET_S, False, False)]


def test_after_the_end_nothing_is_told() -> None:
    loop, signs, told = begun()
    signs.sound()
    signs.end()
    loop.run(10.0)
    signs.other()
    signs.sound()
    assert told == [(0, True, True)]


def test_a_bot_that_hears_nothing_is_no_sign_of_a_whole_line_until_it_has_caught_up() -> None:
    owes = [True]
    loop, signs, told = begun(lambda: not owes[0])
    signs.sound()
    loop.run(1.0)
    signs.deaf()
    assert told[1:] == [(1.0, True, False)]
    signs.deaf()
    for _ in range(200):
        loop.run(0.02)
        signs.sound()
        signs.other()
    assert told[2:] == [], "what comes is no answer"
    owes[0] = False
    assert told[2:] == [], "and what is owed no more is one with the next thing that comes"
    signs.other()
    assert told[2:] == [(5.0, True, True)]


def test_sound_that_stops_and_comes_while_the_bot_hears_nothing_is_told() -> None:
    loop, signs, told = begun(lambda: False)
    signs.sound()
    signs.deaf()
    loop.run(QUIET_S + 0.01)
    signs.sound()
    assert [fact[1:] for fact in told] == [(True, True), (True, False), (False, False), (True, False)]


def test_nothing_is_told_of_a_line_that_has_ended() -> None:
    _, signs, told = begun()
    signs.end()
    signs.deaf()
    signs.sound()
    assert told == []
