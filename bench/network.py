"""`bench network`: how long a box is without its session when its address changes, or its network goes and comes.

The daemon and the embedded runner in network namespaces of their own, with a cable between them. Needs root.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import UnavailableError
from bench.report import Table
from tests.faults.wire import ELSEWHERE, END, HOME, Box, Wire, why_not

EACH_ROUND = 10
APART_S = 1.2
"""Between two changes: longer than `least_gap_s`, which would be measured else."""

Measured = dict[str, list[float]]


def run(*, rounds: int, quick: bool) -> Table:
    """Ten of each change a round; *quick*: two in all."""
    if (why := why_not()) is not None:
        raise UnavailableError(f"cannot take networks away here: {why}")
    times = 2 if quick else rounds * EACH_ROUND
    found: Measured = {}
    for bot, name in (("echo", "silent"), ("tone", "speaking")):
        with _box(bot) as (wire, box):
            _moves(wire, box, times, name, found)
    with _box("echo") as (wire, box):
        _cuts(wire, box, times, found)
    rows = [["", "times", "median s", "p95 s", "longest s"]]
    for name, values in found.items():
        p95 = sorted(values)[int(len(values) * 0.95)] if len(values) > 1 else values[0]
        rows.append([name, f"{len(values)}", f"{statistics.median(values):.2f}", f"{p95:.2f}", f"{max(values):.2f}"])
    notes = ("The same bot goes on in each. An interface that is down for less than 3 s is ridden out.",)
    return Table(title="Networks that change", rows=rows, notes=notes, raw={"values": found})


@contextlib.contextmanager
def _box(bot: str) -> Iterator[tuple[Wire, Box]]:
    """A box in session with *bot*, and its cable."""
    with tempfile.TemporaryDirectory(prefix="network-") as name, Wire(Path(name)) as wire:
        wire.runner(bot)
        box = wire.box()
        box.ready()
        yield wire, box


def _moves(wire: Wire, box: Box, times: int, name: str, found: Measured) -> None:
    for number in range(times):
        time.sleep(APART_S)
        wire.near("address", "flush", "dev", END)
        moved_s = wire.near("address", "add", f"{HOME if number % 2 else ELSEWHERE}/24", "dev", END)
        ready_s = float(box.until(type="state", state="ready")["at_s"])
        found.setdefault(f"another address, {name} bot, to ready", []).append(ready_s - moved_s)


def _cuts(wire: Wire, box: Box, times: int, found: Measured) -> None:
    for _ in range(times):
        cut_s = wire.near("link", "set", END, "down")
        told_s = float(box.until(type="state", state="connecting")["at_s"])
        back_s = wire.near("link", "set", END, "up")
        ready_s = float(box.until(type="state", state="ready")["at_s"])
        found.setdefault("interface down, until it was told", []).append(told_s - cut_s)
        found.setdefault("interface up again, to ready", []).append(ready_s - back_s)
