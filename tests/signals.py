"""Sounds made for tests, and how loud a sound is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

WHOLE = 0.85
"""Correlation from which on a sentence that went twice through Opus counts as whole; seen: 0.95 and more."""


def words(seconds: float = 1.0, *, seed: int = 1, rate_hz: int = 16_000) -> Samples:
    """A sweep that wanders like no other of another *seed*, loud from its first sample on."""
    steps = np.random.default_rng(seed).uniform(0.05, 0.6, int(seconds * rate_hz))
    return (np.sin(np.cumsum(steps)) * 8000).astype(np.int16)


def level(samples: Samples) -> float:
    """Root mean square; 0 of nothing."""
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64))))) if len(samples) else 0.0
