"""`bench cpu`: what a session costs in speaking, listening and silence, beside a bare aiortc client, taking turns.

Each client runs in a process of its own and is measured by its own process time. Beside it stands what codec and
encryption alone cost (`floor`), and, of the appliance, which threads the rest is in, and what its loop does, from one
more round that is watched and so costs more. Only the ratios mean something beyond this machine, and its load just now.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from bench.client import Plan
from bench.floor import Floor, floor
from bench.report import Report, Row
from bench.runner import runner
from bench.session import BARE, Round, Values, machine, one_round, row, take_turns

PHASES = ("speaking", "listening", "both", "quiet")
NOTES = (
    "CPU: user and system time of the client's process, percent of one core.",
    "Aims: 0.6 of the bare client speaking, copies included; 0.4 in silence.",
    BARE,
    "codec and SRTP: what those libraries alone cost for the packets of the phase; a bot may send silence in silence.",
)


def run(*, rounds: int, quick: bool) -> Report:
    """Both clients in turns, *rounds* times each; *quick*: once, and short."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, runner(Path(name)) as peer:
        plan = Plan(url=peer.url, folder=name, real=peer.real, phase_s=2.5 if quick else 5.0)
        found = take_turns(plan, peer, 1 if quick else rounds)
        watched = one_round("appliance", replace(plan, profile=True), peer)
        title = f"cpu, against {peer.name}; rounds of each: {len(found['bare'])}, taking turns"
    least = floor()
    raw = {"machine": machine(), "rounds": found, "watched": watched, "floor": asdict(least)}
    notes = [*NOTES, *_left(found["appliance"], watched)]
    return Report(title=title, rows=_rows(found, least), notes=notes, raw=raw)


def _rows(found: dict[str, list[Round]], least: Floor) -> list[Row]:
    def phase(name: str, field: str) -> Values:
        return lambda one: [one["phases"][name][field]] if name in one["phases"] else []

    def floor_of(name: str) -> list[float]:
        """Speech goes up in packets of its own; copies and silence are neither encoded nor encrypted anew."""
        up = 50.0 if name in ("speaking", "both") else 0.0
        of = [one["phases"][name] for one in found["appliance"] if name in one["phases"]]
        return [least.percent(up=up, down=one["down_packets_s"]) for one in of]

    rows = []
    for name in PHASES:
        rows += [
            row(found, f"CPU, {name}", "%", phase(name, "cpu_percent")),
            Row("  codec and SRTP alone", "%", floor_of(name), []),
        ]
    for name in ("speaking", "quiet"):
        rows += [
            row(found, f"sent, {name}", "packets/s", phase(name, "up_packets_s")),
            row(found, f"sent, {name}", "kbit/s", phase(name, "up_kbit_s")),
        ]
    return [
        *rows,
        row(found, "received, listening", "packets/s", phase("listening", "down_packets_s")),
        row(found, "received, listening", "kbit/s", phase("listening", "down_kbit_s")),
        *(Row(f"{what} a packet", "us", [us], []) for what, us in asdict(least).items()),
    ]


def _left(rounds: list[Round], watched: Round) -> Iterator[str]:
    """Where the appliance's time goes."""
    for name in PHASES:
        of = [one["phases"][name]["threads_percent"] for one in rounds if name in one["phases"]]
        if not of:
            continue
        threads = {thread: statistics.median(one.get(thread, 0.0) for one in of) for thread in of[0]}
        parts = [f"{thread} {percent:.1f}" for thread, percent in threads.items() if percent >= 0.05]
        yield f"{name}, by threads: {', '.join(parts)}"
    for name in ("speaking", "listening"):
        yield f"{name}, the loop's own time, watched:"
        for one in watched["phases"][name]["work"]:
            yield f"  {one['percent']:4.1f} %  {one['calls_s']:6.0f} calls/s  {one['name']}"
