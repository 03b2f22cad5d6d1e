"""Listening without a button: the gate, half-duplex suppression before it, and what both have to tell. Pure.

It belongs to the capture thread. In a turn it hears nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from appliance.audio.gate import NOTHING, Gate
from appliance.session.events import Event, GateOpened, Suppressed
from appliance.units import Dbfs, Seconds

if TYPE_CHECKING:
    from appliance.session.media import Block

Suppresses = Callable[[Seconds], bool]
"""Whether the room has the speaker's sound at a time of the monotonic clock."""


class HandsFree:
    """*report* is told of each change: gate and suppression begin as off, and are off whenever `leave` was called."""

    def __init__(self, gate: Gate, suppresses: Suppresses, report: Callable[[Event], None]) -> None:
        self._gate = gate
        self._suppresses = suppresses
        self._report = report
        self._open = False
        self._suppressed = False

    def hear(self, block: Block, level_dbfs: Dbfs, heard_s: Seconds) -> Sequence[Block]:
        """Take a period that began at *heard_s*, and is so loud. Returns what may leave, as `Gate.hear`.

        What the gate heard before a suppression does not leave after it: there would be a seam in the middle of a word.
        """
        if self._suppresses(heard_s):
            self._gate.reset()
            self._tell(gate_open=False, suppressed=True)
            return NOTHING
        passed = self._gate.hear(block, level_dbfs)
        self._tell(gate_open=self._gate.open, suppressed=False)
        return passed

    def leave(self) -> None:
        """A turn begins, the microphone closes, or nobody wants words for now."""
        self._gate.reset()
        self._tell(gate_open=False, suppressed=False)

    def _tell(self, *, gate_open: bool, suppressed: bool) -> None:
        if gate_open != self._open:
            self._open = gate_open
            self._report(GateOpened(gate_open))
        if suppressed != self._suppressed:
            self._suppressed = suppressed
            self._report(Suppressed(suppressed))
