"""`bench recovery`: what can befall a box, many times over, on real parts; a line for each fault.

Where a fault strikes has a module of its own: `link`, `process`, `network`, `devices` and `crashes`; the storm is one
run of two hundred boxes. Ended early (SIGINT, SIGTERM) it prints what it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from appliance.session.policy import Policy
from bench import crashes, devices, link, network, process
from bench.plays import Group, Played, Row
from bench.report import Table
from bench.session import machine
from tests import runners
from tests.faults.lived import Lived
from tests.faults.storm import Storm, storm

RUNS, QUICK_RUNS = 20, 2
BOXES, AWAY_S, LIMIT_S = 200, 60.0, 60.0
STORM = "storm"
TURNS: tuple[tuple[Group, ...], ...] = (
    (link.GROUP, devices.GROUP),
    (process.GROUP,),
    (network.GROUP,),
    (crashes.GROUP,),
)
"""One after the other: starting boxes is work, and would be measured with what is beside it. The devices alone take one
box at a time, and hardly a processor."""
HEAD = ("fault", "light", "reason", "noticed: median, p95 s", "back: median, p95 s", "same bot", "runs")
REASON_LENGTH = 60

NOTES = (
    "noticed: from the fault until the box no longer claimed to be ready; of a device, until the light told;"
    " of a process, until it was over. -: it never was, or does not show.",
    "back: from the end of the fault (the runner answers, packets pass, the device is there; the process is over) until"
    " all was well; 0: it still was.",
    "same bot: in so many runs the conversation went on with the bot it had. light: what it meant on the way, mostly; a"
    " process that hangs leaves it as it was.",
)


@dataclass(slots=True)
class Found:
    """What has come of it so far."""

    rows: dict[str, list[Played]] = field(default_factory=dict)
    storm: Storm | None = None
    notes: list[str] = field(default_factory=list)


def run(*, rounds: int, quick: bool, only: str = "") -> Table:
    """*rounds* of each fault, at least `RUNS`; *quick*: two, and no storm. *only*: those with that in `PLACE: NAME`."""
    logging.disable(logging.CRITICAL)  # what crashes here is meant to
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    found = Found()
    times = QUICK_RUNS if quick else max(rounds, RUNS)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # logs of runners whose run failed: this is not the table
            asyncio.run(_run(found, times, only, with_storm=not quick and only in STORM))
    except KeyboardInterrupt:
        found.notes.append("ended early: some faults have fewer runs, and some none.")
    finally:
        runners.end_all()
    return table(found)


async def _run(found: Found, times: int, only: str, *, with_storm: bool) -> None:
    for turn in TURNS:
        async with asyncio.TaskGroup() as beside:
            for group in turn:
                beside.create_task(_group(group, found, times, only))
    if with_storm:
        found.storm = await storm(boxes=BOXES, away_s=AWAY_S, limit_s=LIMIT_S, policy=Policy(keep_always=True), seed=1)


async def _group(group: Group, found: Found, times: int, only: str) -> None:
    rows = [row for row in group.rows if only in f"{group.name}: {row.name}"]
    if rows and (why := group.why_not()) is not None:
        found.notes.append(f"without {', '.join(row.name for row in rows)}: {why}")
        return
    for row in rows:
        await _play(row, found.rows.setdefault(row.name, []), times)


async def _play(row: Row, played: list[Played], times: int) -> None:
    async with contextlib.aclosing(row.play(times)) as plays:
        async for one in plays:
            played.append(one)
    print("; ".join(_line(row.name, played)), file=sys.stderr, flush=True)


def table(found: Found) -> Table:
    """A line for each fault, and notes for the storm, for what failed and for what could not be played."""
    names = [row.name for turn in TURNS for group in turn for row in group.rows if found.rows.get(row.name)]
    failed = [
        f"{name}: a run failed: {str(one) or type(one).__name__}"
        for name in names
        for one in found.rows[name]
        if not isinstance(one, Lived)
    ]
    cases = {name: [asdict(one) for one in found.rows[name] if isinstance(one, Lived)] for name in names}
    came_back = [] if found.storm is None else [_told(found.storm)]
    raw = {"machine": machine(), "cases": cases, "storm": asdict(found.storm) if found.storm else None}
    return Table(
        title="recovery, on real parts",
        rows=[HEAD, *(_line(name, found.rows[name]) for name in names)],
        notes=(*came_back, *found.notes, *failed, *NOTES),
        raw=raw,
        left=3,
    )


def _line(name: str, played: Sequence[Played]) -> list[str]:
    lived = [one for one in played if isinstance(one, Lived)]
    return [
        name,
        _mostly([" > ".join(one.lights) for one in lived]),
        _mostly([one.reason for one in lived])[:REASON_LENGTH],
        _spread([one.noticed_s for one in lived]),
        _spread([one.back_s for one in lived]),
        str(sum(one.same_bot for one in lived)),
        str(len(lived)) if len(lived) == len(played) else f"{len(lived)} of {len(played)}",
    ]


def _mostly(texts: Sequence[str]) -> str:
    return Counter(texts).most_common(1)[0][0] if texts else ""


def _told(came_back: Storm) -> str:
    ready = sorted(came_back.ready_s)
    return (
        f"storm: {BOXES} boxes, runner away for {AWAY_S:g} s: at most {came_back.most_in_a_second} dials in any second"
        f" from its return on; {len(ready)} are back, half after {statistics.median(ready):.1f} s, the last after"
        f" {ready[-1]:.1f} s."
    )


def _spread(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    if len(known) == 1:
        return _seconds(known[0])
    return (
        f"{_seconds(statistics.median(known))}, {_seconds(statistics.quantiles(known, n=20, method='inclusive')[-1])}"
    )


def _seconds(value: float) -> str:
    return f"{value:.2f}" if 0 < value < 1 else f"{value:.1f}"
