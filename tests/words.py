"""Known words, spoken by espeak-ng, and which of them came whole through a chain of sound, where, and in which order.

A word is whole if it is there by normalised correlation, and so are its beginning and its end by themselves: of a long
word the whole correlates well enough without its first syllable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.audio.speech import noise, spoken
from tests.correlate import find, like

Samples = NDArray[np.int16]

RATE_HZ = 16_000
WHOLE = 0.8
"""Seen of words through Opus, in noise 20 dB below them: 0.91 and more of the whole, 0.82 of beginning and end."""
EDGE = RATE_HZ * 150 // 1000
"""Of a word, at either end: about a syllable."""
PAUSE_S = 0.25
VOCABULARY = (
    "tomorrow",
    "banana",
    "seven",
    "water",
    "yellow",
    "kitchen",
    "morning",
    "garden",
    "window",
    "paper",
    "summer",
    "October",
    "nobody",
    "remember",
    "under",
    "umbrella",
    "camera",
    "melody",
    "holiday",
    "animal",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How somebody speaks, and where."""

    voice: str = "en-us"
    words_per_minute: int = 175
    peak_dbfs: float = -6.0
    noise: str = ""
    """White, pink or fan; empty: silence."""
    snr_db: float = 20.0
    """Of the words together, over that noise."""


@dataclass(frozen=True, slots=True)
class Speech:
    """*samples*, 16 kHz, with each of the *words* beginning at its place in *starts*."""

    samples: Samples
    words: Sequence[Samples]
    starts: Sequence[int]

    @property
    def seconds(self) -> float:
        """Until the last word is over; what comes behind it is silence."""
        return (self.starts[-1] + len(self.words[-1])) / RATE_HZ


@dataclass(frozen=True, slots=True)
class Found:
    """A word that was looked for."""

    start: int
    """Where it fits best."""
    score: float
    """The least of the whole word's, its beginning's and its end's; 1 is the same wave at any volume."""

    @property
    def whole(self) -> bool:
        return self.score >= WHOLE


def speech(
    seed: int, count: int, manner: Manner | None = None, *, lead_s: float = 0.0, pause_s: float = PAUSE_S
) -> Speech:
    """*count* words, chosen by *seed* so that none follows itself, *pause_s* apart, the first after *lead_s*.

    The first sample of a word is heard, and so is its last. Raises `FileNotFoundError` where there is no espeak-ng.
    """
    manner = manner or Manner()
    chance = np.random.default_rng(seed)
    chosen = [VOCABULARY[i % len(VOCABULARY)] for i in np.resize(chance.permutation(len(VOCABULARY)), count)]
    words = [_trimmed(spoken(text, manner.voice, manner.words_per_minute)) for text in chosen]
    peak = 32_767 * 10 ** (manner.peak_dbfs / 20)
    words = [word * (peak / np.abs(word).max()) for word in words]
    at, pause = round(lead_s * RATE_HZ), round(pause_s * RATE_HZ)
    pieces, starts = [np.zeros(at)], []
    for word in words:
        pieces += [word, np.zeros(pause)]
        starts.append(at)
        at += len(word) + pause
    samples = np.concatenate(pieces)
    if manner.noise:
        rms = np.sqrt(np.mean(np.concatenate(words) ** 2))
        samples += noise(manner.noise, len(samples)) * rms / 10 ** (manner.snr_db / 20)
    return Speech(_pcm(samples), [_pcm(word) for word in words], starts)


def look_for(said: Speech, heard: Samples) -> list[Found]:
    """Each word of *said* in *heard* (16 kHz), in order: one is looked for behind the last that was whole."""
    found, since = list[Found](), 0
    for word in said.words:
        if len(heard) - since < len(word):
            found.append(Found(since, 0.0))
            continue
        start, score = find(heard[since:], word)
        start += since
        there = heard[start : start + len(word)]
        edges = [like(there[:EDGE], word[:EDGE]), like(there[-EDGE:], word[-EDGE:])]
        found.append(Found(start, min(score, *edges)))
        if found[-1].whole:
            since = start + len(word)
    return found


def _trimmed(word: NDArray[np.float64]) -> NDArray[np.float64]:
    """From its first sound to its last, in steps of 10 ms."""
    step = RATE_HZ // 100
    levels = np.sqrt((word[: len(word) // step * step].reshape(-1, step) ** 2).mean(axis=1))
    heard = np.nonzero(levels > levels.max() * 10 ** (-30 / 20))[0]
    return word[heard[0] * step : (heard[-1] + 1) * step]


def _pcm(samples: NDArray[np.float64]) -> Samples:
    return np.clip(np.round(samples), -32768, 32767).astype(np.int16)
