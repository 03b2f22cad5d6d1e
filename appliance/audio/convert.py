"""Between a card's samples and ours: formats, channels and rates. Arithmetic only; it knows no device.

A card's sample of any width is taken at its upper 16 bits, and a field of those within the wider sample is all it
takes, both ways. Rates are converted by soxr at its quality "LQ", which is level to 6 kHz at 16 kHz and to 15 kHz at
44.1 kHz, and gives even pieces: from 48 to 16 kHz a period comes one period late, and two at the better qualities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import soxr  # type: ignore[import-untyped]

from appliance.units import PACKET_MS, Frames, Hertz, Seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from appliance.session.media import Block


def _upper(offset: int, itemsize: int) -> np.dtype[np.void]:
    return np.dtype({"names": ["upper"], "formats": ["<i2"], "offsets": [offset], "itemsize": itemsize})


FORMATS: Final = {
    "S16_LE": _upper(0, 2),
    "S32_LE": _upper(2, 4),
    "S24_LE": _upper(1, 4),
    "S24_3LE": _upper(1, 3),
}
"""ALSA's names of what can be converted, the best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a card was asked for, or has agreed to. *period_frames* and *buffer_frames* are at its own rate."""

    format: str
    channels: int
    rate_hz: Hertz
    period_frames: Frames
    buffer_frames: Frames


class Resampler:
    """Mono samples from one rate to another, which may be the same; a period at a time."""

    def __init__(self, from_hz: Hertz, to_hz: Hertz) -> None:
        self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality="LQ") if from_hz != to_hz else None
        self.delay_s: Seconds = self._measure(from_hz, to_hz)
        """The most that is held back at the end of a period."""

    def _measure(self, from_hz: Hertz, to_hz: Hertz) -> Seconds:
        """What is held back grows and shrinks, for soxr works in blocks; a second shows all of it, in half a ms."""
        if self._stream is None:
            return 0.0
        period = np.zeros(from_hz * PACKET_MS // 1000, np.int16)
        taken_s = given_s = most_s = 0.0
        for _ in range(1000 // PACKET_MS):
            given_s += len(self._stream.resample_chunk(period)) / to_hz
            taken_s += len(period) / from_hz
            most_s = max(most_s, taken_s - given_s)
        self._stream.clear()
        return most_s

    def convert(self, samples: Block) -> Block:
        """As many as there are already; it may be none, or *samples* itself."""
        if self._stream is None:
            return samples
        converted: Block = self._stream.resample_chunk(samples)
        return converted


class FromCard:
    """Captured bytes to mono samples of one channel at *rate_hz*."""

    def __init__(self, shape: Shape, channel: int, rate_hz: Hertz) -> None:
        self._dtype = FORMATS[shape.format]
        self._channels = shape.channels
        self._channel = channel
        self._resampler = Resampler(shape.rate_hz, rate_hz)
        self.delay_s: Seconds = math.ceil(round(self._resampler.delay_s * 1000 / PACKET_MS, 3)) * PACKET_MS / 1000
        """Of a period that is read when it is whole: whole periods."""

    def convert(self, data: bytes) -> Block:
        """*data* is whole frames. The result is not kept here."""
        frames = np.frombuffer(data, self._dtype)["upper"].reshape(-1, self._channels)
        return self._resampler.convert(np.ascontiguousarray(frames[:, self._channel], np.int16))


class ToCard:
    """Mono samples at *rate_hz* to bytes for the card, the same on every channel. A period at a time."""

    def __init__(self, shape: Shape, rate_hz: Hertz) -> None:
        dtype = FORMATS[shape.format]
        self._resampler = Resampler(rate_hz, shape.rate_hz)
        self.delay_s = self._resampler.delay_s
        self._frame_bytes = dtype.itemsize * shape.channels
        room = 4 * (shape.rate_hz * PACKET_MS // 1000)  # soxr gives a period and what it held back: never two, seen
        self._bytes: NDArray[np.uint8] = np.zeros(room * self._frame_bytes, np.uint8)
        self._upper = self._bytes.view(dtype).reshape(room, shape.channels)["upper"]

    def convert(self, block: Block) -> memoryview:
        """Whole frames, in a buffer that the next call overwrites."""
        samples = self._resampler.convert(block)
        self._upper[: len(samples)] = samples[:, None]
        return self._bytes.data[: len(samples) * self._frame_bytes]
