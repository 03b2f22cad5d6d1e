"""What tells a voice from everything else, period by period. No clock, no threads; each detector belongs to one thread.

How loud a period is it is told: who hears it has measured that already.

`webrtc` asks two witnesses, since neither is good alone: webrtcvad knows the shape of speech and takes the noise of a
street for it, the level over the room's knows nothing else and takes a whistle for it. Both take a door for a voice,
for as long as the hang time. It works at all rates of the appliance; to webrtcvad, which does not know 12 and 24 kHz,
two thirds of them are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import webrtcvad  # type: ignore[import-untyped]

from appliance.audio.level import NoiseFloor
from appliance.units import PACKET_MS, Dbfs, Hertz

if TYPE_CHECKING:
    from appliance.session.media import Block

OVER_FLOOR_DB: Final = 6.0
"""A voice stands so far above the room; less, and gusts of a steady noise do too."""
VAD_RATES_HZ: Final = (8000, 16000, 32000, 48000)


class Detector(Protocol):
    """Says of each period, given in order and with the level of its mean power, whether a voice is in it."""

    def hear(self, block: Block, level_dbfs: Dbfs) -> bool: ...


class LevelDetector:
    """Whatever is as loud as *open_dbfs*."""

    def __init__(self, open_dbfs: Dbfs) -> None:
        self._open_dbfs = open_dbfs

    def hear(self, block: Block, level_dbfs: Dbfs) -> bool:
        return level_dbfs >= self._open_dbfs


class VoiceDetector:
    """webrtcvad at *aggressiveness* 0 (says yes) to 3 (says no), and `OVER_FLOOR_DB` over the noise floor."""

    def __init__(self, rate_hz: Hertz, aggressiveness: int) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)
        self._floor = NoiseFloor()
        self._thirds = _TwoThirds(rate_hz * PACKET_MS // 1000) if rate_hz not in VAD_RATES_HZ else None
        self._vad_rate_hz = rate_hz if self._thirds is None else rate_hz * 2 // 3

    def hear(self, block: Block, level_dbfs: Dbfs) -> bool:
        self._floor.hear(level_dbfs)
        shown = block if self._thirds is None else self._thirds.of(block)
        speech: bool = self._vad.is_speech(shown.data.cast("B"), self._vad_rate_hz)  # always: it learns the room
        return speech and level_dbfs >= self._floor.dbfs + OVER_FLOOR_DB


class _TwoThirds:
    """A period at two thirds of its rate: each new sample is the mean of the one and a half it stands for.

    No more is needed: webrtcvad looks at six wide bands below 4 kHz.
    """

    def __init__(self, period_frames: int) -> None:
        self._out: Block = np.zeros(period_frames * 2 // 3, np.int16)
        self._wide = np.zeros(period_frames // 3, np.int32)

    def of(self, block: Block) -> Block:
        """A view that is valid until the next call. *block* has a multiple of three samples."""
        middle, wide = block[1::3], self._wide
        for start, outer in ((0, block[0::3]), (1, block[2::3])):
            np.multiply(outer, 2, out=wide, dtype=np.int32)
            np.add(wide, middle, out=wide)
            np.floor_divide(wide, 3, out=wide)
            self._out[start::2] = wide
        return self._out
