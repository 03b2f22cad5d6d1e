"""One short sound at a time over what is played. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from appliance.session.effects import Cue
from appliance.units import Frames

if TYPE_CHECKING:
    from appliance.session.media import Block

LEAST, MOST = -32768, 32767


class Mixer:
    """It belongs to the playback thread. *sounds*: at the speaker's rate; a cue without one is not heard."""

    def __init__(self, sounds: Mapping[Cue, Block], period_frames: Frames) -> None:
        self._sounds = sounds
        self._wide = np.zeros(period_frames, np.int32)
        self._left: Block | None = None  # of the cue that sounds

    @property
    def sounding(self) -> bool:
        return self._left is not None

    def has(self, cue: Cue) -> bool:
        return cue in self._sounds

    def start(self, cue: Cue) -> None:
        """From the next period on; one that sounds gives way. What has no sound changes nothing."""
        self._left = self._sounds.get(cue, self._left)

    def stop(self) -> None:
        self._left = None

    def mix(self, block: Block) -> bool:
        """Add the next part to *block*, one period; a sum out of range is cut off. False: nothing sounds."""
        left = self._left
        if left is None:
            return False
        part, rest = left[: len(block)], left[len(block) :]
        wide = self._wide[: len(part)]
        np.add(block[: len(part)], part, out=wide, dtype=np.int32)
        np.clip(wide, LEAST, MOST, out=wide)
        block[: len(part)] = wide
        self._left = rest if len(rest) else None
        return True
