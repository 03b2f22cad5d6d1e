"""The whole board on mock pins and a real event loop, and on a machine without pins."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from appliance.board.gpio import GpioBoard
from appliance.board.port import Trouble
from appliance.board.wiring import ButtonWiring, LightWiring, Wiring
from appliance.errors import UnavailableError
from appliance.session.events import ButtonPressed, Event, Role
from tests.board.loop import FakeLoop
from tests.board.mock import held, mock_pins

TALK = ButtonWiring(role=Role.TALK, pin=17)
WIRING = Wiring(buttons={"talk": TALK}, lights={"status": LightWiring(pins=(27,))})


def nobody(*_: object) -> None: ...


async def test_an_edge_on_a_pin_is_an_event_on_the_loop(pins: Any) -> None:
    events: asyncio.Queue[Event] = asyncio.Queue()
    board = GpioBoard(WIRING, events.put_nowait, nobody)
    board.start()
    await asyncio.to_thread(pins.pin(17).drive_low)
    assert await asyncio.wait_for(events.get(), 5) == ButtonPressed("talk", Role.TALK)
    board.close()


def test_the_light_shows_what_it_is_told_until_the_board_is_closed(pins: Any) -> None:
    loop = FakeLoop()
    board = GpioBoard(WIRING, nobody, nobody, loop=loop)
    board.start()
    board.show("white", "breathing")
    assert pins.pin(27).state == 1.0
    loop.run(1.5)
    assert 0 < pins.pin(27).state < 0.1
    board.close()
    board.close()
    board.show("red", "solid")
    assert pins.pin(27).function == pins.pin(17).function == "input"
    assert loop.waiting == 0


def test_begun_anew_the_light_is_as_it_was(pins: Any) -> None:
    board = GpioBoard(WIRING, nobody, nobody, loop=FakeLoop())
    board.start()
    board.show("green", "solid")
    board.restart()
    assert pins.pin(27).state == 1.0
    board.close()


def test_a_board_may_be_closed_before_it_is_started() -> None:
    GpioBoard(WIRING, nobody, nobody, loop=FakeLoop()).close()


def test_what_was_ignored_is_not_forgotten(pins: Any) -> None:
    loop = FakeLoop()
    board = GpioBoard(WIRING, nobody, nobody, loop=loop)
    board.start()
    for _ in range(3):
        pins.pin(17).drive_low()
        pins.pin(17).drive_high()
    loop.run(1)
    assert board.edges_ignored == 5
    board.close()
    assert board.edges_ignored == 5


def test_a_board_that_cannot_have_one_pin_has_none(pins: Any) -> None:
    buttons = {"talk": TALK, "mute": ButtonWiring(role=Role.MUTE, pin=53)}
    with pytest.raises(UnavailableError, match=r"\[buttons\.mute\] pin = 53") as caught:
        GpioBoard(Wiring(buttons=buttons, lights=WIRING.lights), nobody, nobody, loop=FakeLoop()).start()
    again = GpioBoard(WIRING, nobody, nobody, loop=FakeLoop())
    again.start()
    again.close()
    assert (
        caught.value.__traceback__ is not None
    )  # it was alive, and so was all that it holds: nothing is left to chance


def test_held_at_the_start_is_reported_when_it_starts() -> None:
    reports: list[tuple[Trouble, str]] = []
    events: list[Event] = []
    with mock_pins(held(False)):
        board = GpioBoard(WIRING, events.append, lambda *told: reports.append(told[:2]), loop=FakeLoop())
        board.start()
        board.close()
    assert reports == [(Trouble.HELD_AT_START, "talk")] and events == []


def test_a_lost_release_is_found_on_a_pin(pins: Any) -> None:
    loop, events = FakeLoop(), list[Event]()
    board = GpioBoard(WIRING, events.append, nobody, loop=loop)
    board.start()
    pins.pin(17).drive_low()
    loop.run(5)
    pins.pin(17)._state = True  # no edge comes of this
    loop.run(1)
    assert [type(event).__name__ for event in events] == ["ButtonPressed", "ButtonReleased"]
    board.close()


def test_this_machine_without_pins_says_so_in_one_line() -> None:
    """In a process of its own: gpiozero's choice of a factory is for good."""
    program = """
import os, sys
os.environ.pop("GPIOZERO_PIN_FACTORY", None)
sys.modules["lgpio"] = sys.modules["RPi"] = sys.modules["pigpio"] = None
import gpiozero.pins.local as local
local.get_pi_revision = lambda: (_ for _ in ()).throw(local.PinUnknownPi("no Pi"))
from appliance.board.pins import pin_factory
from appliance.errors import UnavailableError
try:
    pin_factory()
except UnavailableError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith(
        "[board] profile needs GPIO pins, and this machine has none that can be used (lgpio: "
    )
    assert "profile = 'simulated'" in done.stdout and done.stdout.count("\n") == 1
