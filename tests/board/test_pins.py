"""Contacts and lamps on gpiozero's mock pins."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import pytest
from gpiozero import Device  # type: ignore[import-untyped]

from appliance.board.lights import COLOURS
from appliance.board.pins import PWM_HZ, PinLamp, PinLine, pin_factory
from appliance.board.wiring import ButtonWiring, LightWiring
from appliance.errors import UnavailableError
from appliance.session.events import Role
from tests.board.loop import FakeLoop
from tests.board.mock import MockPin, MockPWMPin, held, mock_pins

WHITE, RED, NONE = COLOURS["white"], COLOURS["red"], COLOURS["none"]

Pull = Literal["up", "down", "none"]


def wired(pin: int | str = 17, *, pull: Pull = "up", active_low: bool = True) -> ButtonWiring:
    return ButtonWiring(role=Role.TALK, pin=pin, pull=pull, active_low=active_low)


def lamp_on(factory: Any, *pins: int | str, active_low: bool = False, brightness: float = 1.0) -> PinLamp:
    return PinLamp("status", LightWiring(pins=pins, active_low=active_low, brightness=brightness), factory)


# --- contacts


@pytest.mark.parametrize(("pull", "active_low"), [("up", True), ("up", False), ("down", True), ("down", False)])
def test_pressed_is_the_level_that_the_configuration_says(pins: Any, pull: Pull, active_low: bool) -> None:
    line = PinLine("talk", wired(pull=pull, active_low=active_low), FakeLoop(), pins)
    assert pins.pin(17).pull == pull
    for level in (False, True, False):
        (pins.pin(17).drive_high if level else pins.pin(17).drive_low)()
        assert line.pressed() == (level != active_low)


def test_edges_come_with_their_level_and_when_they_happened(pins: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, edges = FakeLoop(), list[tuple[bool, float]]()
    line = PinLine("talk", wired(), loop, pins)
    line.listen(lambda pressed, at_s: edges.append((pressed, at_s)))
    pins.pin(17).drive_low()
    stamped = pins.pin(17)._last_change
    monkeypatch.setattr(type(pins), "ticks", staticmethod(lambda: stamped + 0.25))
    pins.pin(17)._call_when_changed()
    assert [pressed for pressed, _ in edges] == [True, True]
    assert edges[0][1] == pytest.approx(loop.now_s, abs=0.1)
    assert edges[1][1] == pytest.approx(loop.now_s - 0.25)
    line.close()


@pytest.mark.parametrize("off_s", [-5.0, 3.0, 1.7e9])
def test_the_stamp_of_another_clock_is_not_believed(pins: Any, monkeypatch: pytest.MonkeyPatch, off_s: float) -> None:
    loop, times = FakeLoop(), list[float]()
    line = PinLine("talk", wired(), loop, pins)
    line.listen(lambda _, at_s: times.append(at_s))
    monkeypatch.setattr(type(pins), "ticks_diff", staticmethod(lambda later, earlier: off_s))
    pins.pin(17).drive_low()
    assert times == [loop.now_s]


def test_a_line_that_is_not_listened_to_says_nothing(pins: Any) -> None:
    edges: list[bool] = []
    line = PinLine("talk", wired(), FakeLoop(), pins)
    line.listen(lambda pressed, _: edges.append(pressed))
    on_its_way = pins.pin(17).when_changed
    line.listen(None)
    on_its_way(0.0, 0)
    pins.pin(17).drive_low()
    line.listen(lambda pressed, _: edges.append(pressed))
    pins.pin(17).drive_high()
    assert edges == [False]


@pytest.mark.parametrize("active_low", [True, False])
def test_a_pin_that_nothing_holds_is_floating_and_gets_the_boards_own_resistor(pins: Any, active_low: bool) -> None:
    line = PinLine("talk", wired(pull="none", active_low=active_low), FakeLoop(), pins)
    assert line.floating and not line.pressed()
    assert pins.pin(17).pull == ("up" if active_low else "down")


@pytest.mark.parametrize("level", [True, False])
def test_a_pin_that_something_holds_is_left_without_a_resistor(level: bool) -> None:
    with mock_pins(held(level)) as factory:
        line = PinLine("talk", wired(pull="none"), FakeLoop(), factory)
        assert not line.floating
        assert factory.pin(17).pull == "floating"
        assert line.pressed() != level


@pytest.mark.parametrize("name", ["GPIO17", "BOARD11", "J8:11", 17])
def test_a_pin_has_the_names_that_gpiozero_knows(pins: Any, name: str | int) -> None:
    line = PinLine("talk", wired(name), FakeLoop(), pins)
    pins.pin(17).drive_low()
    assert line.pressed()


@pytest.mark.parametrize(
    ("wiring", "message"),
    [
        (wired(53), r"^\[buttons\.talk\] pin = 53, pull = 'up': 53 is not a valid pin name; use a pin that"),
        (wired("GPIO99"), r"'GPIO99', pull = 'up': GPIO99 is not a valid pin name; "),
        (wired("BOARD1"), r"'BOARD1', pull = 'up': .*not a (valid pin name|GPIO pin)"),
        (wired(2, pull="down"), r"pin = 2, pull = 'down': GPIO2 has a fixed pull resistor; "),
    ],
)
def test_a_pin_that_cannot_be_used_is_told_in_one_line(pins: Any, wiring: ButtonWiring, message: str) -> None:
    with pytest.raises(UnavailableError, match=message) as caught:
        PinLine("talk", wiring, FakeLoop(), pins)
    assert "\n" not in str(caught.value)


def test_two_buttons_on_one_pin_by_two_names_are_found(pins: Any) -> None:
    line = PinLine("talk", wired(17), FakeLoop(), pins)
    with pytest.raises(UnavailableError, match=r"\[buttons\.mute\] pin = 'BOARD11'.*already in use"):
        PinLine("mute", wired("BOARD11"), FakeLoop(), pins)
    line.close()
    PinLine("mute", wired("BOARD11"), FakeLoop(), pins).close()


def test_a_pin_that_another_process_holds_is_told_in_one_line() -> None:
    class BusyError(Exception):
        """As lgpio's: of no class of its own."""

    class BusyPin(MockPin):  # type: ignore[misc]
        def __init__(self, *_: object) -> None:
            raise BusyError("'GPIO busy'")

    with mock_pins(BusyPin) as factory, pytest.raises(UnavailableError, match=r"claimed: 'GPIO busy'; see who"):
        PinLine("talk", wired(), FakeLoop(), factory)


# --- lamps


@pytest.mark.parametrize("active_low", [False, True])
def test_one_lamp_shows_the_pattern_in_the_only_colour_it_has(pins: Any, active_low: bool) -> None:
    lamp = lamp_on(pins, 27, active_low=active_low)
    for colour, brightness in ((RED, 1.0), (COLOURS["blue"], 0.25), (WHITE, 0.0), (NONE, 0.0)):
        lamp.light(colour, brightness)
        assert pins.pin(27).state == (1 - brightness if active_low else brightness)


def test_three_lamps_show_the_colour(pins: Any) -> None:
    lamp = lamp_on(pins, 5, 6, 13)
    lamp.light((1.0, 0.3, 0.0), 0.5)
    assert [pins.pin(pin).state for pin in (5, 6, 13)] == [0.5, 0.15, 0.0]


def test_brightness_is_what_full_means(pins: Any) -> None:
    lamp = lamp_on(pins, 27, brightness=0.4)
    lamp.light(WHITE, 1.0)
    assert pins.pin(27).state == 0.4


def test_full_and_dark_need_no_pulses(pins: Any) -> None:
    lamp = lamp_on(pins, 27)
    seen = []
    for brightness in (1.0, 0.5, 0.7, 0.0):
        lamp.light(WHITE, brightness)
        seen.append((pins.pin(27).frequency, pins.pin(27).state))
    assert seen == [(None, 1.0), (PWM_HZ, 0.5), (PWM_HZ, 0.7), (None, 0.0)]


def test_a_fade_sets_the_pulses_up_once() -> None:
    class CountingPin(MockPWMPin):  # type: ignore[misc]
        frequencies: ClassVar[list[int | None]] = []

        def _set_frequency(self, value: int | None) -> None:
            self.frequencies.append(value)
            super()._set_frequency(value)

    with mock_pins(CountingPin) as factory:
        lamp = lamp_on(factory, 27)
        CountingPin.frequencies.clear()
        for number in range(100):
            lamp.light(WHITE, number / 100)
        assert CountingPin.frequencies == [PWM_HZ]


@pytest.mark.parametrize("active_low", [False, True])
def test_pins_that_make_no_pulses_know_which_level_is_lit(active_low: bool) -> None:
    with mock_pins(MockPin) as factory:
        lamp = lamp_on(factory, 27, active_low=active_low)
        assert factory.pin(27).state == active_low
        lamp.light(WHITE, 1.0)
        assert factory.pin(27).state == (not active_low)


def test_pins_that_make_no_pulses_are_lit_or_not() -> None:
    with mock_pins(MockPin) as factory:
        lamp = lamp_on(factory, 5, 6, 13)
        seen = []
        for colour, brightness in ((WHITE, 1.0), (RED, 0.15), (RED, 0.02), (COLOURS["amber"], 1.0), (NONE, 0.0)):
            lamp.light(colour, brightness)
            seen.append([factory.pin(pin).state for pin in (5, 6, 13)])
        assert seen == [[1, 1, 1], [1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_a_new_lamp_is_dark_and_a_closed_one_lets_go(pins: Any) -> None:
    lamp = lamp_on(pins, 27)
    assert (pins.pin(27).state, pins.pin(27).frequency) == (0.0, None)
    lamp.light(WHITE, 1.0)
    lamp.close()
    lamp.close()
    assert pins.pin(27).function == "input"
    lamp_on(pins, 27).close()


def test_a_colour_that_cannot_be_claimed_lets_go_of_the_others(pins: Any) -> None:
    with pytest.raises(UnavailableError, match=r"^\[lights\.status\] pin = 53: ") as caught:
        lamp_on(pins, 5, 6, 53)
    lamp_on(pins, 5, 6, 13).close()
    assert (
        caught.value.__traceback__ is not None
    )  # it was alive, and so was all that it holds: nothing is left to chance


# --- no pins at all


def test_a_machine_without_pins_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    monkeypatch.setattr(
        Device, "_default_pin_factory", staticmethod(lambda: (_ for _ in ()).throw(ImportError("no library")))
    )
    with pytest.raises(UnavailableError, match=r"no library.*profile = 'simulated'") as caught:
        pin_factory()
    assert "\n" not in str(caught.value)


def test_a_factory_by_name_is_the_one_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    assert type(pin_factory()).__name__ == "MockFactory"
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "abacus")
    with pytest.raises(UnavailableError, match="abacus"):
        pin_factory()
