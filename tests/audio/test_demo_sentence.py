"""The sentence that is shipped: short, clear, and sound from the first moment to the last."""

from __future__ import annotations

import numpy as np

from tests.audio.sounds import HELLO, hello, read_wav


def test_it_is_what_the_demo_needs() -> None:
    samples, rate_hz = read_wav(HELLO)
    assert rate_hz == 16_000
    assert 1.5 < len(samples) / rate_hz < 3.0
    loud = np.flatnonzero(np.abs(hello().astype(np.int32)) > 300)
    assert loud[0] < 0.050 * rate_hz
    assert len(samples) - loud[-1] < 0.100 * rate_hz
    assert 10_000 < np.abs(samples.astype(np.int32)).max() < 32_000
