"""The sounds of the cues: those that come with the program (made by scripts/make-cues), or a person's own WAV files."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.audio.wavfile import WavReader
from appliance.errors import DeviceError
from appliance.session.effects import Cue
from appliance.telling import tell
from appliance.units import Hertz, Seconds

if TYPE_CHECKING:
    from appliance.session.media import Block

log = logging.getLogger(__name__)

SHIPPED: Final = Path(__file__).parent
LONGEST_S: Final[Seconds] = 3.0
"""What tells something is shorter; the rest of a longer file is not read."""


def load_cues(files: Mapping[Cue, Path], volume: float, rate_hz: Hertz) -> dict[Cue, Block]:
    """The sounds of *files* at *rate_hz*, times *volume* (0 to 1). Reads the files.

    One that cannot be played is told of and left out: a box is not silenced by its beeps.
    """
    sounds = {}
    for cue, path in files.items():
        try:
            sounds[cue] = (_read(path, rate_hz) * volume).astype(np.int16)
        except DeviceError as error:
            tell(log, logging.ERROR, "cue_left_out", cue=cue.value, reason=error)
    return sounds


def _read(path: Path, rate_hz: Hertz) -> Block:
    reader = WavReader(path, channel=0)
    try:
        sound = reader.read(round(LONGEST_S * reader.rate_hz))
    finally:
        reader.close()
    if reader.rate_hz == rate_hz:
        return sound
    import soxr  # type: ignore[import-untyped]  # the shipped ones have the speaker's rate, and then it is not needed

    resampled: Block = soxr.resample(sound, reader.rate_hz, rate_hz)
    return resampled
