"""`bench soak --hours H`: one appliance holds sessions for as long as that, each ended in another way, and is looked at
every now and then. What it holds must not grow.

The appliance lives in this process, the embedded runner in another.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.report import Report, Row
from bench.session import machine
from tests.box import box, settings
from tests.faults.soak import Held, held, slope, soak
from tests.runners import runner
from tests.signals import words

EVERY = 100
"""Sessions between two looks."""
WARM_LOOKS = 2
"""What is kept by design is full then."""
QUICK_LOOKS = 5

NOTES = (
    "growth: for each session, by the median slope over all pairs of looks but the first two.",
    "objects: that Python's collector knows of. tasks, threads, descriptors: at the last look, less those at first.",
)


def run(*, hours: float, quick: bool) -> Report:
    """For *hours*; *quick*: for five looks, whatever *hours* says."""
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        began_s = time.monotonic()
        looks = asyncio.run(_looks(Path(name), hours * 3600, quick=quick))
        lasted_s = time.monotonic() - began_s
    warm = looks[min(WARM_LOOKS, len(looks) - 2) :]
    first, last = looks[0], looks[-1]

    def growth(value: Callable[[Held], float]) -> list[float]:
        return [slope([(one.sessions, value(one)) for one in warm])]

    rows = [
        Row("sessions", "", [last.sessions], []),
        Row("lasted", "s", [lasted_s], []),
        Row("growth, objects", "each", growth(lambda one: one.objects), []),
        Row("growth, resident", "kB each", growth(lambda one: one.resident_kb), []),
        Row("tasks more", "", [last.open.tasks - first.open.tasks], []),
        Row("threads more", "", [last.open.threads - first.open.threads], []),
        Row("descriptors more", "", [last.open.descriptors - first.open.descriptors], []),
    ]
    raw = {"machine": machine(), "looks": [[one.sessions, one.objects, one.resident_kb] for one in looks]}
    return Report(title="soak, against the embedded runner", rows=rows, notes=NOTES, raw=raw)


async def _looks(folder: Path, for_s: float, *, quick: bool) -> list[Held]:
    """At least two looks."""
    looks: list[Held] = []
    until_s = time.monotonic() + for_s
    chosen = words(0.3)
    async with runner("embedded-process") as there, box(settings(there.url, folder, chosen, release_tail_ms=0)) as b:
        while len(looks) < 2 or (len(looks) < QUICK_LOOKS if quick else time.monotonic() < until_s):
            await soak(b, EVERY)
            looks.append(held((len(looks) + 1) * EVERY))
            print(f"{looks[-1].sessions} sessions, {looks[-1].resident_kb} kB", file=sys.stderr)
    return looks
