"""From the name of a profile and the wiring to the maker of a board. gpiozero is imported only if pins are wanted."""

from __future__ import annotations

from typing import Final

from appliance.board.port import Board, Loop, MakeBoard, Post, Report
from appliance.board.simulated import SimulatedBoard
from appliance.board.wiring import Wiring

SIMULATED: Final = "simulated"


def board_maker(profile: str, wiring: Wiring, loop: Loop | None = None) -> MakeBoard:
    """Makes the board of *profile*: the simulated one, or, whatever else it is called, one on pins.

    What the maker makes claims nothing before its `start`. *loop*: what its callbacks run on, if not the running one.
    """

    def make(post: Post, report: Report) -> Board:
        if profile == SIMULATED:
            return SimulatedBoard({name: button.role for name, button in wiring.buttons.items()}, post)
        from appliance.board.gpio import GpioBoard  # 60 ms of imports that a simulated board need not pay for

        return GpioBoard(wiring, post, report, loop=loop)

    return make
