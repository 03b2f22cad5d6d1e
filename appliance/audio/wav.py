"""WAV files as devices: one to speak from, one to record what a person would hear. Paced in real time, as a card is.

A file can wait, so a late reader of the microphone loses no words, only time; the recording of a late writer has the
gap that would have been heard.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from appliance.audio.pace import Pacer
from appliance.audio.wavfile import WavReader, WavWriter
from appliance.errors import DeviceError
from appliance.units import PACKET_MS, Frames, Hertz

if TYPE_CHECKING:
    from soxr import ResampleStream  # type: ignore[import-untyped]

    from appliance.session.media import Block

_NOTHING: Block = np.zeros(0, np.int16)


class WavMicrophone:
    """`audio.ports.Microphone`: *path* from its start at each opening, then silence, or (*loop*) over and over.

    The file is looked at when it is opened, not before.
    """

    def __init__(self, path: Path, *, loop: bool, rate_hz: Hertz, channel: int) -> None:
        self.name = f"wav:{path}" + ("?loop" if loop else "")
        self.rate_hz: Hertz = rate_hz
        self.period_frames: Frames = rate_hz * PACKET_MS // 1000
        self.latency_s = 0.0
        self._path = path
        self._loop = loop
        self._channel = channel
        self._pacer = Pacer()
        self._reader: WavReader | None = None
        self._resampler: ResampleStream | None = None
        self._pending: Block = _NOTHING

    @property
    def xruns(self) -> int:
        return self._pacer.xruns

    @property
    def live(self) -> bool:
        """Until the file has ended: the silence behind it is ours."""
        return self._reader is not None

    def look(self) -> None:
        """A file is looked at when it is opened."""

    def check(self) -> None:
        WavReader(self._path, self._channel).close()

    def open(self) -> None:
        self._reader = WavReader(self._path, self._channel)
        self._resampler = None
        if self._reader.rate_hz != self.rate_hz:
            import soxr  # most files have the right rate, and then it is not needed

            self._resampler = soxr.ResampleStream(self._reader.rate_hz, self.rate_hz, 1, dtype="int16")
        self._pacer.start(first_ms=PACKET_MS)

    def read(self, block: Block) -> None:
        filled = 0
        while filled < len(block) and (len(self._pending) or self._reader is not None):
            if not len(self._pending):
                self._pending = self._next()
            taken = self._pending[: len(block) - filled]
            block[filled : filled + len(taken)] = taken
            self._pending = self._pending[len(taken) :]
            filled += len(taken)
        block[filled:] = 0
        self._pacer.wait()

    def close(self) -> None:
        reader, self._reader = self._reader, None
        self._pending = _NOTHING
        if reader is not None:
            reader.close()

    def _next(self) -> Block:
        """The next samples, some or none; at the end of the file the resampler's tail, and the reader is let go of."""
        assert self._reader is not None
        frames = max(1, self._reader.rate_hz * PACKET_MS // 1000)
        samples = self._reader.read(frames)
        if not len(samples) and self._loop:
            self._reader.rewind()
            samples = self._reader.read(frames)
        ended = not len(samples)
        if ended:
            self._reader.close()
            self._reader = None
        if self._resampler is None:
            return samples
        resampled: Block = self._resampler.resample_chunk(samples, last=ended)
        return resampled


class WavSpeaker:
    """`audio.ports.Speaker` that records to *path*, mono, all that is written to it, silence included.

    What was there is replaced at once; or, where that is not possible, at the first opening at which it is.
    """

    def __init__(self, path: Path, *, rate_hz: Hertz = 48_000) -> None:
        self.name = f"wav:{path}"
        self.rate_hz: Hertz = rate_hz
        self.period_frames: Frames = rate_hz * PACKET_MS // 1000
        self.latency_s = 0.0
        self._path = path
        self._writer: WavWriter | None = None
        with contextlib.suppress(DeviceError):  # as with a card that is not plugged in: the opening says so
            self._writer = WavWriter(path, rate_hz)
        self._silence: Block = np.zeros(self.period_frames, np.int16)
        self._pacer = Pacer()
        self._open = False

    @property
    def xruns(self) -> int:
        return self._pacer.xruns

    def look(self) -> None:
        """A file that is being written stays."""

    def check(self) -> None:
        if self._writer is None:
            self._writer = WavWriter(self._path, self.rate_hz)

    def open(self) -> None:
        self.check()
        assert self._writer is not None
        self._writer.open()
        self._open = True
        self._pacer.start(first_ms=0)

    def write(self, block: Block) -> None:
        if not self._open or self._writer is None:
            raise DeviceError(f"{self.name} is closed")
        for _ in range(self._pacer.wait()):
            self._writer.append(self._silence)
        self._writer.append(block)

    def close(self) -> None:
        self._open = False
        if self._writer is not None:
            self._writer.close()
