"""Arrivals of a bot's packets as networks make them, and what became of them when they were played.

`NAME.txt` has for each packet, one every 20 ms by the bot's clock, how long it was on its way, in tenths of a
millisecond, fifty to a line; `-` is one that was lost. `scores.json` has what a listener got of each, the last time
that somebody looked. `python -m tests.audio.traces.make` writes both: the traces are the same every time, and the
scores are to be looked at, for they say what the box has become worse or better at.
"""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).parent
SCORES = FOLDER / "scores.json"
Delays = list[float | None]


def read(name: str) -> Delays:
    """In ms."""
    values = (FOLDER / f"{name}.txt").read_text().split()
    return [None if value == "-" else int(value) / 10 for value in values]


def text(delays: Delays) -> str:
    values = ["-" if delay_ms is None else str(round(delay_ms * 10)) for delay_ms in delays]
    return "".join(" ".join(values[start : start + 50]) + "\n" for start in range(0, len(values), 50))


def read_scores() -> dict[str, dict[str, float]]:
    scores: dict[str, dict[str, float]] = json.loads(SCORES.read_text())
    return scores
