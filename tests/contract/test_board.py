"""The port of a board: one suite over every kind. A new kind joins by a class here.

Time stands still but where a test lets it pass, so that debouncing is part of what is claimed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import pytest

from appliance.board.gpio import GpioBoard
from appliance.board.port import Board, Post, Report, Trouble
from appliance.board.profiles import board_maker
from appliance.board.simulated import SimulatedBoard
from appliance.board.wiring import ButtonWiring, LightWiring, Wiring
from appliance.session.events import ButtonPressed, ButtonReleased, Event, Role
from appliance.session.indicator import LOOKS
from tests.board.loop import FakeLoop
from tests.board.mock import mock_pins

ROLES = {"talk": Role.TALK, "second": Role.TALK, "session": Role.SESSION, "both": Role.COMBINED, "mute": Role.MUTE}
WIRING = Wiring(
    buttons={name: ButtonWiring(role=role, pin=17 + number) for number, (name, role) in enumerate(ROLES.items())},
    lights={"status": LightWiring(pins=(5, 6, 13)), "lamp": LightWiring(pins=(27,))},
)


class Hand(Protocol):
    """A board, and a finger for its buttons. Each edge is followed by time enough to be a finger's."""

    @property
    def board(self) -> Board: ...

    def press(self, name: str) -> None: ...

    def release(self, name: str) -> None: ...


class SimulatedHand:
    def __init__(self, post: Post, report: Report) -> None:
        board = board_maker("simulated", WIRING)(post, report)
        assert isinstance(board, SimulatedBoard)
        self.board = self._simulated = board

    def press(self, name: str) -> None:
        self._simulated.press(name)

    def release(self, name: str) -> None:
        self._simulated.release(name)


class MockPinsHand:
    """Fingers pull the mock pins to ground. What changes no level is an edge without one, as after a glitch."""

    def __init__(self, post: Post, report: Report, pins: Mapping[str, Any]) -> None:
        self._loop = FakeLoop()
        self.board = GpioBoard(WIRING, post, report, loop=self._loop)
        self._pins = pins

    def press(self, name: str) -> None:
        self._drive(name, low=True)

    def release(self, name: str) -> None:
        self._drive(name, low=False)

    def _drive(self, name: str, *, low: bool) -> None:
        pin = self._pins[name]
        if pin.state == low:
            (pin.drive_low if low else pin.drive_high)()
        elif pin.when_changed is not None:
            pin._call_when_changed()
        self._loop.run(0.2)


class Seen:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.reports: list[tuple[Trouble, str, str]] = []

    def report(self, *told: object) -> None:
        self.reports.append(told)  # type: ignore[arg-type]


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture(params=["simulated", "mock pins"])
def hand(request: pytest.FixtureRequest, seen: Seen) -> Iterator[Hand]:
    with contextlib.ExitStack() as stack:
        made: Hand
        if request.param == "simulated":
            made = SimulatedHand(seen.events.append, seen.report)
        else:
            factory = stack.enter_context(mock_pins())
            pins = {name: factory.pin(wiring.pin) for name, wiring in WIRING.buttons.items()}
            made = MockPinsHand(seen.events.append, seen.report, pins)
        made.board.start()
        stack.callback(made.board.close)
        yield made


@pytest.mark.parametrize(("name", "role"), ROLES.items())
def test_a_press_and_a_release_carry_name_and_role(hand: Hand, seen: Seen, name: str, role: Role) -> None:
    hand.press(name)
    assert seen.events == [ButtonPressed(name, role)]
    hand.release(name)
    assert seen.events == [ButtonPressed(name, role), ButtonReleased(name, role)]
    assert hand.board.edges_ignored == 0 and not seen.reports


def test_several_buttons_are_held_at_once(hand: Hand, seen: Seen) -> None:
    for name in ("talk", "second", "mute"):
        hand.press(name)
    for name in ("talk", "mute", "second"):
        hand.release(name)
    assert seen.events == [
        ButtonPressed("talk", Role.TALK),
        ButtonPressed("second", Role.TALK),
        ButtonPressed("mute", Role.MUTE),
        ButtonReleased("talk", Role.TALK),
        ButtonReleased("mute", Role.MUTE),
        ButtonReleased("second", Role.TALK),
    ]


def test_an_edge_that_changes_nothing_is_ignored_and_counted(hand: Hand, seen: Seen) -> None:
    hand.release("talk")
    assert seen.events == [] and hand.board.edges_ignored == 1
    hand.press("talk")
    hand.press("talk")
    hand.release("talk")
    hand.release("talk")
    assert seen.events == [ButtonPressed("talk", Role.TALK), ButtonReleased("talk", Role.TALK)]
    assert hand.board.edges_ignored == 3


def test_every_look_can_be_shown(hand: Hand) -> None:
    for look in LOOKS.values():
        hand.board.show(look.colour, look.pattern)
        hand.board.show(look.colour, look.pattern)


def test_begun_anew_it_lets_go_of_what_was_held_and_works(hand: Hand, seen: Seen) -> None:
    hand.board.show("green", "solid")
    hand.press("talk")
    hand.press("mute")
    seen.events.clear()
    hand.board.restart()
    assert sorted(event.name for event in seen.events if isinstance(event, ButtonReleased)) == ["mute", "talk"]
    seen.events.clear()
    for name in ("talk", "mute"):  # the finger that is still on it lets go
        hand.release(name)
    hand.press("talk")
    hand.release("talk")
    assert seen.events == [ButtonPressed("talk", Role.TALK), ButtonReleased("talk", Role.TALK)]


def test_after_close_nothing_is_posted(hand: Hand, seen: Seen) -> None:
    hand.press("talk")
    hand.board.close()
    hand.board.close()
    hand.release("talk")
    hand.press("session")
    assert seen.events == [ButtonPressed("talk", Role.TALK)]


def test_the_light_may_be_told_anything_after_close(hand: Hand) -> None:
    hand.board.close()
    hand.board.show("red", "blink")
