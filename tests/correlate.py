"""Finding a sound in another: where it is, and how much of it is there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


def find(haystack: Samples, needle: Samples) -> tuple[int, float]:
    """Where *needle* fits best into *haystack* (frames from its start), and how well: 1 is the same wave at any volume.

    Both mono and of one rate. The score is the normalised correlation with the stretch found, so that loud noise
    elsewhere does not count; a silent haystack scores 0. Speech through Opus scores over 0.9, another sentence under
    0.3.
    """
    if not 0 < len(needle) <= len(haystack):
        raise ValueError(f"a needle of {len(needle)} frames does not fit into {len(haystack)}")
    hay, pin = haystack.astype(np.float64), needle.astype(np.float64)
    size = 1 << (len(hay) + len(pin) - 1).bit_length()
    products = np.fft.irfft(np.fft.rfft(hay, size) * np.fft.rfft(pin[::-1], size), size)
    products = products[len(pin) - 1 : len(hay)]
    energies = np.concatenate(([0.0], np.cumsum(hay * hay)))
    energies = energies[len(pin) :] - energies[: -len(pin)]
    floor = len(pin) * 1.0  # below an amplitude of 1 there is no wave to compare
    scores = products / np.sqrt(np.maximum(energies, floor) * max(float(pin @ pin), floor))
    offset = int(np.argmax(scores))
    return offset, float(scores[offset])


def like(one: Samples, other: Samples) -> float:
    """The normalised correlation of two sounds of one length, as they lie: 1 is the same wave at any volume."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    floor = len(a) * 1.0  # as in `find`
    return float(a @ b / np.sqrt(max(float(a @ a), floor) * max(float(b @ b), floor)))


PIECES = 6
MOST = 0.75
"""Of the pieces of a sentence: all but one."""


def share(haystack: Samples, needle: Samples) -> float:
    """How many of the `PIECES` of *needle* that sound are in *haystack*, each whole: 0 to 1.

    For what was heard in real time on a machine that others use, too: where that stands still for a moment there is a
    gap, as there would be for a person. It costs the piece that it falls into, where `find` would lose all behind it.
    """
    pieces = [piece for piece in np.array_split(needle, PIECES) if _rms(piece) > _rms(needle) / 10]
    return sum(find(haystack, piece)[1] > 0.85 for piece in pieces) / len(pieces)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))
