"""How a turn sounds: its levels, and whether a voice is in it. Pure.

Theory of operation. In a turn nothing waits for what is heard here: all of it leaves anyway. A voice that begins may be
a person who let go too early, and is told in its period. While it goes on nothing is to be told but that it has ended,
and a little later does for that; so periods are kept then, and heard `TOGETHER` at a time. Nearly all that hearing one
costs is to fetch the code for it from memory, and of five in a row four find it there.

It belongs to the capture thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.audio.gate import Gate
from appliance.audio.hearing import Hearing
from appliance.session.events import Event, VoiceHeard
from appliance.units import PACKET_MS, Frames

if TYPE_CHECKING:
    from appliance.session.media import Block

HANG_MS: Final = 100
"""A voice is heard until so long, and two periods for the votes, after its last sound: the gaps within a word."""
TOGETHER: Final = HANG_MS // PACKET_MS
"""So the end of a voice is told one hang time late at most."""


class TurnEar:
    """*gate* knows a voice; its detector is the one that listens without a button, too. *report* gets `VoiceHeard`."""

    def __init__(self, hearing: Hearing, gate: Gate, period_frames: Frames, report: Callable[[Event], None]) -> None:
        self._hearing = hearing
        self._gate = gate.ear(HANG_MS)
        self._report = report
        self._voice = False  # told
        self._kept = [np.zeros(period_frames, np.int16) for _ in range(TOGETHER)]
        self._count = 0  # of them, oldest first

    def begin(self) -> None:
        """What is heard from now on is another turn's, or more of the same; a voice is told of anew."""
        self._voice = False
        if self._gate is not None:
            self._gate.reset()

    def hear(self, block: Block) -> None:
        """Take a period of a turn."""
        np.copyto(self._kept[self._count], block)
        self._count += 1
        if self._count == TOGETHER or not (self._voice or self._gate is None):
            self.catch_up()

    def catch_up(self) -> None:
        """Hear what was kept: the turn ends, or the microphone does."""
        count, self._count = self._count, 0  # first: what crashes here must not do so again when the road is let go of
        for block in self._kept[:count]:
            level_dbfs = self._hearing.hear(block, in_turn=True)
            if self._gate is not None:
                self._gate.hear(block, level_dbfs)
                self._tell(self._gate.open)

    def _tell(self, voice: bool) -> None:
        if voice != self._voice:
            self._voice = voice
            self._report(VoiceHeard(voice))
