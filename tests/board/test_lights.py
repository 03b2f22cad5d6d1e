"""A look on lamps: what is written to them, and how often anybody looks."""

from __future__ import annotations

import pytest

from appliance.board.lights import COLOURS, Lights, Rgb
from appliance.board.patterns import DIM
from appliance.session.indicator import LOOKS, Look
from tests.board.loop import FakeLoop


class Lamp:
    def __init__(self, loop: FakeLoop) -> None:
        self.writes: list[tuple[float, Rgb, float]] = []
        self.closed = 0
        self._loop = loop

    @property
    def last(self) -> tuple[Rgb, float]:
        return self.writes[-1][1:]

    def light(self, colour: Rgb, brightness: float) -> None:
        assert not self.closed
        self.writes.append((round(self._loop.time() - 100, 3), colour, brightness))

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def lamp(loop: FakeLoop) -> Lamp:
    return Lamp(loop)


@pytest.fixture
def lights(loop: FakeLoop, lamp: Lamp) -> Lights:
    return Lights([lamp], loop)


@pytest.mark.parametrize("look", LOOKS.values(), ids=lambda look: f"{look.colour} {look.pattern}")
def test_every_look_is_shown_at_once(lights: Lights, lamp: Lamp, look: Look) -> None:
    lights.show(look.colour, look.pattern)
    assert lamp.last[0] == COLOURS[look.colour]
    assert (lamp.last[1] > 0) == (look.pattern != "off")


@pytest.mark.parametrize("pattern", ["solid", "dim", "off"])
def test_what_is_steady_is_never_looked_at(lights: Lights, lamp: Lamp, loop: FakeLoop, pattern: str) -> None:
    lights.show("blue", pattern)
    assert loop.waiting == 0
    loop.run(3600)
    assert len(lamp.writes) == 1 and loop.fired == 0


def test_breathing_is_looked_at_25_times_a_second(lights: Lights, lamp: Lamp, loop: FakeLoop) -> None:
    lights.show("amber", "breathing")
    loop.run(60)
    assert 1490 <= loop.fired <= 1500
    assert len(lamp.writes) == loop.fired + 1


def test_a_blink_is_looked_at_twice_a_second(lights: Lights, lamp: Lamp, loop: FakeLoop) -> None:
    lights.show("red", "blink")
    loop.run(60)
    assert 118 <= loop.fired <= 120
    assert [(at_s, level) for at_s, _, level in lamp.writes[:4]] == [(0.0, 1.0), (0.5, 0.0), (1.0, 1.0), (1.5, 0.0)]


def test_a_double_blink_keeps_its_times(lights: Lights, lamp: Lamp, loop: FakeLoop) -> None:
    lights.show("red", "double blink")
    loop.run(1.7)
    expected = [(0.0, 1.0), (0.15, 0.0), (0.3, 1.0), (0.45, 0.0), (1.6, 1.0)]
    assert [(at_s, level) for at_s, _, level in lamp.writes] == expected


def test_the_next_look_takes_the_place_of_the_last(lights: Lights, lamp: Lamp, loop: FakeLoop) -> None:
    lights.show("amber", "breathing")
    loop.run(1)
    lights.show("green", "solid")
    assert lamp.last == (COLOURS["green"], 1.0)
    assert loop.waiting == 0
    loop.run(10)
    assert lamp.last == (COLOURS["green"], 1.0)


def test_the_same_look_again_does_not_begin_again(lights: Lights, lamp: Lamp, loop: FakeLoop) -> None:
    lights.show("red", "blink")
    loop.run(0.3)
    lights.show("red", "blink")
    loop.run(0.3)
    assert lamp.last[1] == 0.0
    assert loop.waiting == 1


def test_all_lamps_show_the_same(loop: FakeLoop, lamp: Lamp) -> None:
    other = Lamp(loop)
    Lights([lamp, other], loop).show("blue", "dim")
    assert lamp.writes == other.writes == [(0.0, COLOURS["blue"], DIM)]


def test_without_a_lamp_nobody_looks(loop: FakeLoop) -> None:
    Lights([], loop).show("red", "breathing")
    assert loop.waiting == 0


def test_closed_it_lets_go_and_looks_no_more(lights: Lights, lamp: Lamp, loop: FakeLoop) -> None:
    lights.show("red", "breathing")
    lights.close()
    lights.close()
    assert lamp.closed == 1 and loop.waiting == 0
