"""What is said in a benchmark, as WAV files, and where clicks are in what was heard. Mono, 16 kHz, 16 bit."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

Samples = NDArray[np.int16]

RATE_HZ = 16_000
PERIOD_FRAMES = RATE_HZ // 50
SENTENCE = Path(__file__).parent.parent / "appliance" / "demo" / "hello.wav"
LOUD = 4000
"""Over the edges that a codec smears around a click, well under the click."""
REST_S = 0.3
"""Of quiet, before the next click counts."""


def speech(path: Path, seconds: float) -> None:
    """Write the shipped sentence, over and over, for *seconds*."""
    with wave.open(str(SENTENCE)) as file:
        assert file.getframerate() == RATE_HZ and file.getnchannels() == 1
        sentence = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    write(path, np.resize(sentence, int(seconds * RATE_HZ)))


def clicks(path: Path, count: int) -> list[float]:
    """Write *count* clicks; returns where each begins, in seconds. They meet the 20 ms of packets at every phase."""
    at_s = [0.9 + 0.6037 * number for number in range(count)]
    samples = np.zeros(int((at_s[-1] + 1.0) * RATE_HZ), np.int16)
    burst = click()
    for begin_s in at_s:
        begin = round(begin_s * RATE_HZ)
        samples[begin : begin + len(burst)] = burst
    write(path, samples)
    return at_s


def click(rate_hz: int = RATE_HZ) -> Samples:
    """20 ms of 1 kHz, at full strength from the first wave on."""
    return (12_000 * np.sin(2 * np.pi * 1000 * np.arange(rate_hz // 50) / rate_hz)).astype(np.int16)


def find_clicks(samples: Samples) -> list[int]:
    """The frames at which clicks begin in *samples*."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > LOUD)
    if not len(loud):
        return []
    rests = np.diff(loud, prepend=loud[0] - int(REST_S * RATE_HZ)) >= int(REST_S * RATE_HZ)
    return [int(frame) for frame in loud[rests]]


def heard(path: Path) -> Samples:
    """The first channel of a WAV file, at 16 kHz."""
    with wave.open(str(path)) as file:
        rate_hz, channels = file.getframerate(), file.getnchannels()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)[::channels]
    return np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), np.int16)


def write(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
