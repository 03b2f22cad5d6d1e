"""How loud a period is, in dBFS, and how loud the room is when nobody speaks. Pure.

Nothing that outlives the call is allocated for a period. A `Meter` and a `NoiseFloor` belong to one thread each.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.units import PACKET_MS, Dbfs, Frames, Millis

if TYPE_CHECKING:
    from appliance.session.media import Block

SILENCE_DBFS: Final[Dbfs] = -120.0
"""What no sound at all reads: less than the least sound that 16 bits can hold."""
FULL_SCALE: Final = 32768
FLOOR_LEAST_DBFS: Final[Dbfs] = -70.0
"""A card that delivers zeros is no room in which a whisper is loud."""
WINDOW_MS: Final[Millis] = 3000
"""Speech is bound to pause in this time, so its lowest level is the room's; and so soon a new noise is a known one."""
SPAN_MS: Final[Millis] = 500
"""The window goes forward by so much at once, for the price of one number a span."""
SMOOTHING: Final = 0.3
"""Of the power, a period. A rumble's periods differ by 10 dB, and the least of them is not how loud it is; with more
smoothing than this the pauses of speech fill up. Measured with a fan at 0 to 10 dB below the voice."""


class Meter:
    """What there is to know of periods of one length, each of the last one."""

    def __init__(self, period_frames: Frames) -> None:
        self.power = 0.0
        """The mean of the squares, in steps of a sample."""
        self.peak = 0.0
        """The highest amount of a sample, in its steps."""
        self.mean = 0.0
        """In steps of a sample. Over a longer stretch it is direct current, which no sound has."""
        self.clipped: Frames = 0
        """At full scale, where a converter has no more numbers."""
        self.zero = False
        """Every sample is exactly 0: no converter's own noise is."""
        self.frozen = False
        """All samples are the same one, or those of the period before over again; and they are not 0."""
        self._rows = np.ones((2, period_frames), np.float32)  # the samples, and what adds them up
        self._sums = np.zeros(2, np.float32)
        self._at_full_scale = np.zeros(period_frames, np.bool_)
        self._before = (math.nan, math.nan, math.nan, math.nan)

    @property
    def rms_dbfs(self) -> Dbfs:
        """0 dBFS is a full-scale square wave, so a full-scale sine reads -3.01."""
        return dbfs(math.sqrt(self.power))

    @property
    def peak_dbfs(self) -> Dbfs:
        """A full-scale sample reads 0."""
        return dbfs(self.peak)

    def measure(self, block: Block) -> None:
        """Take the period *block*, shape (period_frames,)."""
        wide = self._rows[0]
        np.copyto(wide, block)
        np.dot(self._rows, wide, self._sums)  # one call for both: of what a period costs, calls are most
        power, total = self._sums.tolist()
        least, most = float(wide[wide.argmin()]), float(wide[wide.argmax()])
        self.peak = peak = max(-least, most)
        self.power = power / len(wide)
        self.mean = total / len(wide)
        self.clipped = self._count_clipped(block) if peak >= FULL_SCALE - 1 else 0
        now = (power, total, least, most)  # not even a steady tone has the same four twice
        self.zero = not peak
        self.frozen = peak > 0 and (least == most or now == self._before)
        self._before = now

    def _count_clipped(self, block: Block) -> Frames:
        np.greater_equal(block, FULL_SCALE - 1, out=self._at_full_scale)
        above = np.count_nonzero(self._at_full_scale)
        np.less_equal(block, -FULL_SCALE, out=self._at_full_scale)
        return int(above + np.count_nonzero(self._at_full_scale))


def rms_dbfs(block: Block) -> Dbfs:
    """The level of *block*, for who looks now and then; it makes an array."""
    wide = block.astype(np.float32)
    return dbfs(math.sqrt(float(np.dot(wide, wide)) / len(wide)))


def dbfs(amplitude: float) -> Dbfs:
    """*amplitude* in steps of a 16-bit sample, 0 or more."""
    return max(SILENCE_DBFS, 20 * math.log10(amplitude / FULL_SCALE)) if amplitude > 0 else SILENCE_DBFS


class NoiseFloor:
    """The lowest level of the last `WINDOW_MS`: it falls quickly, and rises when what was quieter is forgotten.

    Whatever goes on evenly for that long is the floor, so that no fan and no hum can stand above it for ever.
    """

    def __init__(self) -> None:
        self._spans: list[float] = [math.inf] * round(WINDOW_MS / SPAN_MS)  # the least power of each
        self._now = 0  # the span that is being filled
        self._heard_ms: Millis = 0  # of it
        self._power = math.nan  # the mean of the last periods, of full scale

    @property
    def dbfs(self) -> Dbfs:
        """From `FLOOR_LEAST_DBFS` to 0; 0 before anything was heard."""
        least = min(1.0, *self._spans)
        return max(FLOOR_LEAST_DBFS, 10 * math.log10(least)) if least > 0 else FLOOR_LEAST_DBFS

    def hear(self, level_dbfs: Dbfs) -> None:
        """Take the level of a period."""
        if self._heard_ms >= SPAN_MS:
            self._now = (self._now + 1) % len(self._spans)
            self._spans[self._now] = math.inf
            self._heard_ms = 0
        self._heard_ms += PACKET_MS
        power = 10 ** (level_dbfs / 10)
        self._power = power if math.isnan(self._power) else self._power + SMOOTHING * (power - self._power)
        self._spans[self._now] = min(self._spans[self._now], self._power)
