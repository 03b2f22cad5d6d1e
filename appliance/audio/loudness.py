"""Whether a sound can be heard, from the peak of its periods. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.units import PACKET_MS, Dbfs, Millis

if TYPE_CHECKING:
    from appliance.session.media import Block

AUDIBLE_DBFS: Final[Dbfs] = -50
"""Over the noise of a bot's synthesiser between words, under the quietest word."""
HANG_MS: Final = 300
"""Pauses between words are shorter, as a rule."""

_AUDIBLE: Final = round(32768 * 10 ** (AUDIBLE_DBFS / 20))


class Audibility:
    """On at the first period that can be heard, off after `HANG_MS` that cannot."""

    def __init__(self) -> None:
        self.on = False
        self.heard = False
        """Whether the last period itself can be heard."""
        self._quiet_ms: Millis = 0

    def hear(self, block: Block | None) -> bool:
        """Take a period, None for silence. Returns whether `on` has changed by it."""
        before = self.on
        self.heard = block is not None and is_audible(block)
        if self.heard:
            self.on, self._quiet_ms = True, 0
        elif self.on:
            self._quiet_ms += PACKET_MS
            self.on = self._quiet_ms < HANG_MS
        return self.on != before

    def stop(self) -> bool:
        """There is no sound any more. Returns whether there was."""
        before, self.on, self.heard = self.on, False, False
        return before


def is_audible(block: Block) -> bool:
    """Whether any sample reaches `AUDIBLE_DBFS`. *block* is not empty."""
    return bool(block[block.argmax()] >= _AUDIBLE or block[block.argmin()] <= -_AUDIBLE)  # half of what max() costs
