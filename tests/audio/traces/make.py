"""Makes the traces, by models with a seed, and the scores: `python -m tests.audio.traces.make`."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from tests.audio.traces import FOLDER, SCORES, Delays, text
from tests.audio.traces.score import score

SECONDS = 24
PACKETS = SECONDS * 50
STALL_AT_MS = 10_000


def lan(chance: random.Random) -> Delays:
    """A good network: fractions of a millisecond, and now and then an interpreter that collects its garbage."""
    return [chance.expovariate(1 / 0.4) + (chance.random() < 0.01) * chance.uniform(8, 16) for _ in range(PACKETS)]


def with_loss(share: float, run: int = 1) -> Callable[[random.Random], Delays]:
    """*share* of the packets are lost, *run* at a time."""

    def make(chance: random.Random) -> Delays:
        delays, left = lan(chance), 0
        for number in range(PACKETS):
            left = run if chance.random() < share / run else left - 1
            if left > 0:
                delays[number] = None
        return delays

    return make


def stall(*stalls_ms: int) -> Callable[[random.Random], Delays]:
    """Nothing for so long, then all of it at once; 4 s between two."""

    def make(chance: random.Random) -> Delays:
        delays = lan(chance)
        for n, stall_ms in enumerate(stalls_ms):
            start_ms = STALL_AT_MS + n * 4000
            for number in range(start_ms // 20, (start_ms + stall_ms) // 20):
                delays[number] = start_ms + stall_ms - number * 20 + chance.random()
        return delays

    return make


def jitter(chance: random.Random) -> Delays:
    return [chance.uniform(0, 40) for _ in range(PACKETS)]


def jitter_that_comes_and_goes(chance: random.Random) -> Delays:
    return [chance.uniform(0, 90 if 8 <= n / 50 < 14 else 3) for n in range(PACKETS)]


def wifi_that_sleeps(chance: random.Random) -> Delays:
    """A station that saves power is told of its packets at every beacon, 102.4 ms apart, and retries some."""
    return [
        102.4 - (n * 20) % 102.4 + chance.expovariate(1 / 2.0) + (chance.random() < 0.02) * chance.uniform(5, 30)
        for n in range(PACKETS)
    ]


def reordering(chance: random.Random) -> Delays:
    """One in twenty takes a way that is 30 ms longer."""
    return [chance.random() + 30 * (chance.random() < 0.05) for _ in range(PACKETS)]


def drift(ppm: float) -> Callable[[random.Random], Delays]:
    """The speaker's clock is slower than the bot's by *ppm*: packets come earlier and earlier, as it counts."""

    def make(chance: random.Random) -> Delays:
        return [delay_ms - n * 20 * ppm / 1e6 for n, delay_ms in enumerate(chance.random() for _ in range(PACKETS))]

    return make


TRACES: dict[str, Callable[[random.Random], Delays]] = {
    "clean": lan,
    "jitter-40": jitter,
    "jitter-comes-and-goes": jitter_that_comes_and_goes,
    "wifi-sleeps": wifi_that_sleeps,
    "loss-1": with_loss(0.01),
    "loss-5": with_loss(0.05),
    "bursts-of-5": with_loss(0.02, run=5),
    "stall-300": stall(300),
    "stall-1000": stall(1000),
    "stalls": stall(200, 400, 600),
    "reordering": reordering,
    "drift+300": drift(300),
    "drift-300": drift(-300),
}


def main() -> None:
    scores = {}
    for name, make in TRACES.items():
        delays = make(random.Random(name))
        (FOLDER / f"{name}.txt").write_text(text(delays))
        scores[name] = score(name)
        print(f"{name:22}", "  ".join(f"{key} {value:g}" for key, value in scores[name].items()))
    SCORES.write_text(json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    main()
