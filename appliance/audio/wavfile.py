"""WAV files as the devices use them: 16-bit PCM read block by block, and written so that it is valid at any moment.

A file is never held in memory as a whole. Problems are `DeviceError`s of one line; it neither resamples nor keeps time.
"""

from __future__ import annotations

import logging
import os
import stat
import struct
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.errors import DeviceError
from appliance.telling import tell
from appliance.units import Frames, Hertz

if TYPE_CHECKING:
    from appliance.session.media import Block

log = logging.getLogger(__name__)

RATES_HZ: Final = range(1_000, 768_001)
HEADER_BYTES: Final = 44
DATA_BYTES_MAX: Final = 0xFFFF_FFFF - HEADER_BYTES - 1
"""Sizes in a WAV header have 32 bits: 12 hours of 48 kHz mono."""

_WANTED = "expected 16-bit PCM; convert it with: ffmpeg -i OLD -c:a pcm_s16le -ac 1 NEW.wav"


class WavReader:
    """One channel of an open file, from its start. Raises `DeviceError` for what cannot be played."""

    def __init__(self, path: Path, channel: int) -> None:
        self._path = path
        self._left: Frames = 0  # still to be read
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # a pipe would make the open wait for a writer
                raise DeviceError(f"cannot play {path}: it is not a file; name a WAV file")
            self._file = path.open("rb")
        except FileNotFoundError as error:
            raise DeviceError(f"cannot play {path}: no such file; check 'wav:PATH' in [microphone] device") from error
        except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
            raise DeviceError(f"cannot play {path}: {_reason(error)}; make it readable for this user") from error
        try:
            self._check(channel)
        except DeviceError:
            self._file.close()
            raise

    def read(self, frames: Frames) -> Block:
        """Up to *frames* samples; fewer only at the end, none behind it. Raises `DeviceError` if the disk fails."""
        wanted = min(frames, self._left)
        try:
            data = self._file.read(wanted * 2 * self._channels)
        except OSError as error:
            raise DeviceError(f"cannot read {self._path}: {_reason(error)}; check the disk") from error
        whole = len(data) // (2 * self._channels)
        self._left -= whole
        samples = np.frombuffer(data, "<i2", whole * self._channels)
        block: Block = np.ascontiguousarray(samples.reshape(whole, self._channels)[:, self._channel], np.int16)
        return block

    def rewind(self) -> None:
        self._file.seek(self._start)
        self._left = self.frames

    def close(self) -> None:
        self._file.close()

    def _check(self, channel: int) -> None:
        """Read the header; set what reading needs."""
        path = self._path
        try:
            with wave.open(self._file, "rb") as header:
                self._channels, width = header.getnchannels(), header.getsampwidth()
                self.rate_hz: Hertz = header.getframerate()
                self.frames: Frames = header.getnframes()
        except (wave.Error, EOFError, RuntimeError, OSError) as error:  # RuntimeError: chunk sizes that contradict
            why = str(error) or "it ends within its header"
            raise DeviceError(f"cannot play {path}: not a WAV file that can be read ({why}); {_WANTED}") from error
        if width != 2:
            raise DeviceError(f"cannot play {path}: it has {width * 8} bits a sample; {_WANTED}")
        if self.rate_hz not in RATES_HZ:
            raise DeviceError(
                f"cannot play {path}: its rate is {self.rate_hz} Hz; expected 1000 to 768000; make it again"
            )
        if not 0 <= channel < self._channels:
            has = "only channel 0" if self._channels == 1 else f"channels 0 to {self._channels - 1}"
            raise DeviceError(f"cannot play channel {channel} of {path}: it has {has}; set [microphone] channel")
        if not self.frames:
            raise DeviceError(f"cannot play {path}: it holds no sound; record it again")
        self._channel = channel
        self._start = self._file.tell()  # wave leaves it at the first sample
        there = (os.fstat(self._file.fileno()).st_size - self._start) // (2 * self._channels)
        if there < self.frames:
            seconds = f"{there / self.rate_hz:.2f} of {self.frames / self.rate_hz:.2f} s"
            raise DeviceError(f"cannot play {path}: it is cut short, {seconds} are there; copy it again")
        self._left = self.frames


class WavWriter:
    """A mono file that grows, and is valid after every system call: samples first, then the sizes in the header.

    Constructed it replaces what was there by an empty recording. Raises `DeviceError` where that cannot be written.
    """

    def __init__(self, path: Path, rate_hz: Hertz) -> None:
        self._path = path
        self._rate_hz = rate_hz
        self._data_bytes = 0
        self._full = False
        self._fd: int | None = None
        self.open(os.O_TRUNC)
        self.close()

    def open(self, flags: int = 0) -> None:
        """Go on with the recording; from its start, if somebody has taken the file away."""
        try:
            if self._path.exists() and not self._path.is_file():  # a pipe would make the open wait for a reader
                raise DeviceError(f"cannot record to {self._path}: it is not a file; name one in [speaker] device")
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o644)
            if os.fstat(self._fd).st_size < HEADER_BYTES + self._data_bytes:
                self._data_bytes = 0
            self._put(self._header(), 0)
        except (OSError, ValueError) as error:
            self.close()
            raise self._failure(error) from error

    def append(self, block: Block) -> None:
        """Record *block*, if the format has room for it. Raises `DeviceError`; the file stays as it was."""
        data = block.astype("<i2", copy=False).data
        if self._data_bytes + data.nbytes > DATA_BYTES_MAX:
            if not self._full:
                tell(log, logging.WARNING, "recording_full", path=self._path, bytes=self._data_bytes)
            self._full = True
            return
        try:
            self._put(data, HEADER_BYTES + self._data_bytes)
            self._data_bytes += data.nbytes
            self._put(self._header(), 0)
        except OSError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Idempotent, never raises."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def _put(self, data: bytes | memoryview, offset: int) -> None:
        assert self._fd is not None, "open comes first"
        if os.pwrite(self._fd, data, offset) < len(memoryview(data).cast("B")):
            raise OSError("the disk is full")

    def _header(self) -> bytes:
        size, rate = self._data_bytes, self._rate_hz
        form = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
        return struct.pack("<4sI4s4sI16s4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, form, b"data", size)

    def _failure(self, error: OSError | ValueError) -> DeviceError:
        hint = "free some space, or name another file in [speaker] device"
        if isinstance(error, FileNotFoundError | PermissionError):
            hint = "name a file in a directory that exists and that this user may write to, in [speaker] device"
        return DeviceError(f"cannot record to {self._path}: {_reason(error)}; {hint}")


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
