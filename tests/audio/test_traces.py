"""What is heard of recorded arrivals must not get worse."""

from __future__ import annotations

import random

import pytest

from tests.audio.traces import read, read_scores, text
from tests.audio.traces.make import TRACES
from tests.audio.traces.score import score

SLACK = 1.1
"""Another libopus guesses a little differently, and so other packets may be alike."""
GRAIN = {"delay_mean_ms": 1, "delay_max_ms": 7, "off_target_s": 0.2, "changed_ms": 14}
"""One change of one packet more or less."""


@pytest.mark.parametrize("name", TRACES)
def test_the_score_has_not_become_worse(name: str) -> None:
    now, then = score(name), read_scores()[name]
    assert now.keys() == then.keys()
    worse = {key: (then[key], now[key]) for key in now if now[key] > then[key] * SLACK + GRAIN.get(key, 0)}
    assert not worse, "before, and now; if that is meant: python -m tests.audio.traces.make"


@pytest.mark.parametrize("name", TRACES)
def test_the_trace_is_the_one_that_its_model_makes(name: str) -> None:
    assert text(read(name)) == text(TRACES[name](random.Random(name)))


def test_every_trace_has_a_score_and_nothing_else_has() -> None:
    assert list(read_scores()) == list(TRACES)
