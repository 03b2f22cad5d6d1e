"""Utterances of several voices in noise of several colours, as one long recording, and what a gate makes of it.

The voices are espeak-ng's, kept as WAV files in the temporary folder; the noises come from seeds. The truth about where
somebody speaks is taken from the utterances before the noise is added.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

from appliance.audio.gate import Gate
from appliance.audio.level import rms_dbfs
from tests.audio.sounds import read_wav

Signal = NDArray[np.float64]
Flags = NDArray[np.bool_]

RATE_HZ = 16_000
FRAMES = RATE_HZ // 50
PAUSE = 150  # periods between two utterances: long enough for any hang time to end
SPEECH_RMS = 2_000.0
QUIET_RMS = 3.0  # a good microphone in a quiet room
VOICES = ("en-us", "en-gb", "en-gb-scotland", "en-us+f3", "en-gb+f4", "en-us+m7", "en-gb+m2", "en-029")
SENTENCES = (
    "Good morning, what is the weather like today?",
    "Please turn on the light in the kitchen.",
    "Set a timer for ten minutes.",
    "Tell me a story about a fox.",
    "Hey, can you hear me?",
    "Stop the music now.",
    "How far is it to the moon?",
)
UTTERANCES = 30


@dataclass(frozen=True, slots=True)
class Recording:
    """*said* has the periods of each utterance in which somebody is heard, in order."""

    samples: Signal
    said: tuple[NDArray[np.int64], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    missed_percent: float
    """Of the periods in which somebody speaks."""
    false_percent: float
    """Passed, of the periods that are neither speech, nor pre-roll, nor hang time."""
    onset_ms: int
    """The latest, from the start of an utterance to the end of the period that opened the gate."""
    clipped: int
    """Utterances whose beginning did not pass."""
    lost: int
    """Utterances of which nothing passed."""


def judge(gate: Gate, recording: Recording, rate_hz: int, *, pre_roll_ms: int, hang_ms: int) -> Verdict:
    passed, opened = through(gate, at_rate(recording.samples, rate_hz), rate_hz // 50)
    allowed = np.zeros_like(passed)
    onsets_ms = []
    for said in recording.said:
        first, last = int(said[0]), int(said[-1])
        allowed[first - pre_roll_ms // 20 - 2 : last + hang_ms // 20 + 10] = True  # the last sound fades
        onsets_ms += [(int(at) - first + 1) * 20 for at in np.nonzero(opened)[0] if first - 10 <= at <= last][:1]
    heard = np.concatenate([passed[said] for said in recording.said])
    return Verdict(
        missed_percent=float(100 * (~heard).mean()),
        false_percent=float(100 * passed[~allowed].mean()),
        onset_ms=max(onsets_ms, default=0),
        clipped=sum(not passed[said[0]] for said in recording.said),
        lost=sum(not passed[said].any() for said in recording.said),
    )


def through(gate: Gate, samples: NDArray[np.int16], frames: int) -> tuple[Flags, Flags]:
    """Which periods of *samples* passed *gate*, and at which it opened."""
    count = len(samples) // frames
    passed, opened = np.zeros(count, bool), np.zeros(count, bool)
    for index in range(count):
        was = gate.open
        period = samples[index * frames : (index + 1) * frames]
        left = gate.hear(period, rms_dbfs(period))
        passed[index + 1 - len(left) : index + 1] = True
        opened[index] = gate.open and not was
    return passed, opened


def at_rate(samples: Signal, rate_hz: int) -> NDArray[np.int16]:
    if rate_hz != RATE_HZ:
        samples = soxr.resample(samples, RATE_HZ, rate_hz)
    return np.clip(np.round(samples), -32768, 32767).astype(np.int16)


@cache
def recording(kind: str, snr_db: float | None) -> Recording:
    """All utterances, evenly loud, in noise of *kind*: "white", "pink" or "fan". *snr_db* None: in a quiet room."""
    pieces, said, at = [np.zeros(PAUSE * FRAMES)], [], PAUSE
    for number in range(UTTERANCES):
        utterance = spoken(SENTENCES[number % len(SENTENCES)], VOICES[number % len(VOICES)])
        levels = np.sqrt((utterance.reshape(-1, FRAMES) ** 2).mean(axis=1))
        heard = np.nonzero(levels > levels.max() * 10 ** (-25 / 20))[0]
        loudness = np.sqrt((levels[heard] ** 2).mean())
        pieces += [utterance * (SPEECH_RMS / loudness), np.zeros(PAUSE * FRAMES)]
        said.append(at + heard)
        at += len(levels) + PAUSE
    clean = np.concatenate(pieces)
    noise_rms = QUIET_RMS if snr_db is None else SPEECH_RMS / 10 ** (snr_db / 20)
    return Recording(clean + noise_rms * noise(kind, len(clean)), tuple(said))


def noise(kind: str, frames: int) -> Signal:
    """Of power 1. A fan rumbles, and its blades are heard."""
    return np.resize(_noise(kind), frames)


@cache
def _noise(kind: str) -> Signal:
    """Half a minute, which fits onto itself but for the fan's blades."""
    frames = 1 << 19  # a length that the transform is quick with
    white = np.random.default_rng(1).standard_normal(frames)
    spectrum, hz = np.fft.rfft(white), np.fft.rfftfreq(frames, 1 / RATE_HZ)
    match kind:
        case "white":
            shaped = white
        case "pink":
            shaped = np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 20)), frames)
        case "fan":
            rumble = np.fft.irfft(spectrum / np.maximum(hz, 60), frames)
            blades = 2 * np.pi * 97 * np.arange(frames) / RATE_HZ
            shaped = rumble / rumble.std() + 0.5 * np.sin(blades) + 0.3 * np.sin(2 * blades)
        case _:
            raise ValueError(kind)
    power_one: Signal = shaped / shaped.std()
    return power_one


@cache
def spoken(text: str, voice: str, words_per_minute: int = 175) -> Signal:
    """Whole periods at `RATE_HZ`. Raises `FileNotFoundError` where there is no espeak-ng."""
    folder = Path(tempfile.gettempdir()) / f"voice-appliance-speech-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{voice}-{words_per_minute}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.wav"
    if not path.exists():
        new = path.with_name(f"{path.name}.{os.getpid()}")
        subprocess.run(["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-w", new, text], check=True)
        new.rename(path)  # whole or not at all: another worker may look for it now
    samples, rate_hz = read_wav(path)
    resampled: Signal = soxr.resample(samples.astype(np.float64), rate_hz, RATE_HZ)
    return resampled[: len(resampled) // FRAMES * FRAMES]
