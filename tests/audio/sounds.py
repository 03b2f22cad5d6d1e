"""Sounds for tests: tones, a sentence, and blocks that carry their number."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import appliance

Samples = NDArray[np.int16]

HELLO = Path(appliance.__file__).parent / "demo" / "hello.wav"


@cache
def hello() -> Samples:
    """The sentence of the demo, 16 kHz."""
    with wave.open(str(HELLO)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


def tone(rate_hz: int, seconds: float, hz: float = 440.0, peak: int = 10_000) -> Samples:
    times = np.arange(round(rate_hz * seconds)) / rate_hz
    return np.round(peak * np.sin(2 * np.pi * hz * times)).astype(np.int16)


def chirp(rate_hz: int, seconds: float, peak: int = 10_000) -> Samples:
    """From 300 to 3000 Hz: a sound that fits onto itself in one place only."""
    times = np.arange(round(rate_hz * seconds)) / rate_hz
    return np.round(peak * np.sin(2 * np.pi * (300 * times + 1350 * times**2 / seconds))).astype(np.int16)


def blocks(samples: Samples, frames: int) -> Iterator[Samples]:
    """Whole periods; the last one is filled up with silence."""
    for start in range(0, len(samples), frames):
        block = samples[start : start + frames]
        yield np.pad(block, (0, frames - len(block)))


def write_wav(path: Path, samples: Samples, rate_hz: int, *, width: int = 2) -> Path:
    """A file of *samples*, shape (frames,) or (frames, channels), with *width* bytes each (the low ones are zero)."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    wide = (samples.astype("<i4") << 16).tobytes()
    data = b"".join(wide[i + 4 - width : i + 4] for i in range(0, len(wide), 4)) if width != 2 else samples.tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(data)
    return path


def read_wav(path: Path) -> tuple[Samples, int]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        data = file.readframes(file.getnframes())
        assert len(data) == 2 * file.getnframes()
        return np.frombuffer(data, "<i2").astype(np.int16), file.getframerate()
