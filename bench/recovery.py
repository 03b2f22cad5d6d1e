"""`bench recovery`: what can befall a link, many times over, on a real runner and a network that can be broken.

Each run is a box, a runner and a network of its own, a few beside each other: what is measured are waits, not work. The
storm is one run of two hundred boxes.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from appliance.session.policy import Policy
from bench.report import Table
from bench.session import machine
from tests import runners
from tests.faults import link
from tests.faults.link import CASES, Case, Lived
from tests.faults.storm import Storm, storm

RUNS, QUICK_RUNS = 20, 2
BESIDE = 5
"""At a time: a runner takes a second of a core to start."""
BOXES, AWAY_S, LIMIT_S = 200, 60.0, 60.0


NOTES = (
    "noticed: from the fault until the box no longer claimed to be ready; a short one is ridden out, and never is.",
    "back: from the end of the fault (the runner answers, packets pass) until it was ready; 0: it still was.",
    "same bot: in so many runs the conversation went on with the bot it had. light: what it meant on the way, mostly.",
)


def _table(found: dict[str, list[Lived]], came_back: Storm | None) -> Table:
    """A line for each fault, and a note for the storm."""
    rows = [["fault", "light", "reason", "noticed: median, p95 s", "back: median, p95 s", "same bot", "runs"]]
    for name, lived in found.items():
        lights = Counter(" > ".join(one.lights) for one in lived)
        reasons = Counter(one.reason for one in lived)
        rows.append(
            [
                name,
                lights.most_common(1)[0][0],
                reasons.most_common(1)[0][0][:60],
                _spread([one.noticed_s for one in lived]),
                _spread([one.back_s for one in lived]),
                str(sum(one.same_bot for one in lived)),
                str(len(lived)),
            ]
        )
    cases = {name: [asdict(one) for one in lived] for name, lived in found.items()}
    raw = {"machine": machine(), "cases": cases, "storm": asdict(came_back) if came_back else None}
    notes = NOTES if came_back is None else (_told(came_back), *NOTES)
    return Table(title="recovery, against the real Pipecat runner", rows=rows, notes=notes, raw=raw, left=3)


def _told(came_back: Storm) -> str:
    ready = sorted(came_back.ready_s)
    return (
        f"storm: {BOXES} boxes, runner away for {AWAY_S:g} s: at most {came_back.most_in_a_second} dials in any second"
        f" from its return on; {len(ready)} are back, half after {statistics.median(ready):.1f} s, the last after"
        f" {ready[-1]:.1f} s."
    )


def run(*, rounds: int, quick: bool) -> Table:
    """*rounds* of each fault, at least `RUNS`; *quick*: two, and no storm."""
    if not runners.PIPECAT_PYTHON.exists():
        raise SystemExit("bench recovery needs the real Pipecat runner; scripts/test runner makes its environment")
    return asyncio.run(_run(QUICK_RUNS if quick else max(rounds, RUNS), with_storm=not quick))


async def _run(times: int, *, with_storm: bool) -> Table:
    found = {case.name: await _case(case, times) for case in CASES}
    runners.end_all()
    policy = Policy(keep_always=True)
    came_back = await storm(boxes=BOXES, away_s=AWAY_S, limit_s=LIMIT_S, policy=policy, seed=1) if with_storm else None
    return _table(found, came_back)


async def _case(case: Case, times: int) -> list[Lived]:
    print(case.name, file=sys.stderr)
    room = asyncio.Semaphore(BESIDE)

    async def once() -> Lived:
        async with room, link.scene(case.bot) as scene:
            return await case.fault(scene)

    return list(await asyncio.gather(*(once() for _ in range(times))))


def _spread(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    if len(known) == 1:
        return f"{known[0]:.1f}"
    return f"{statistics.median(known):.1f}, {statistics.quantiles(known, n=20, method='inclusive')[-1]:.1f}"
