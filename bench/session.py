"""`bench session`: a session of the appliance beside one of a bare aiortc client, taking turns, with the same runner.

Each client runs in a process of its own, and does the same: a few dials, then clicks, for the way to the bot's ear and
back. What a session costs is measured by `bench cpu`, bad networks by `bench wire`.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.client import Plan
from bench.report import Report, Row
from bench.runner import ROOT, Runner, runner

CLIENTS = ("appliance", "bare")
LATE_S = 0.6
"""Clicks are that far apart: what comes later belongs to the next."""

Round = dict[str, Any]
Values = Callable[[Round], Sequence[float]]

BARE = "bare: aiortc's defaults; silence is sent while nobody speaks; what comes is decoded and dropped, by both."
NOTES = (
    BARE,
    "first packet: the bare client sends as soon as it is connected, the appliance keeps words until the bot is ready.",
    "mouth to bot: from a sample spoken to its frame in the bot's pipeline; 80 ms of it is the runner's own buffer.",
    "bot to ear: from a frame given to the bot's transport to the sample played (bare: decoded, no player behind).",
)


def run(*, rounds: int, quick: bool) -> Report:
    """Both clients in turns, *rounds* times each; *quick*: once, and short."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, runner(Path(name)) as peer:
        dials, clicks = (2, 3) if quick else (3, 4)
        plan = Plan(url=peer.url, folder=name, real=peer.real, dials=dials, clicks=clicks)
        found = take_turns(plan, peer, 1 if quick else rounds)
        title = f"session, against {peer.name}; rounds of each: {len(found['bare'])}, taking turns"
    return Report(title=title, rows=_rows(found), notes=NOTES, raw={"machine": machine(), "rounds": found})


def take_turns(plan: Plan, peer: Runner, rounds: int) -> dict[str, list[Round]]:
    """The figures of both clients, *rounds* times each."""
    found: dict[str, list[Round]] = {name: [] for name in CLIENTS}
    for number in range(rounds):
        for client in CLIENTS:
            print(f"round {number + 1}: {client}", file=sys.stderr)
            found[client].append(one_round(client, plan, peer))
    return found


def one_round(client: str, plan: Plan, peer: Runner) -> Round:
    """One client's figures, and what the bot heard of it."""
    before = len(heard_by_bot(peer))
    done = subprocess.run(
        [sys.executable, "-m", "bench.client", client, json.dumps(asdict(plan))],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=180,
    )
    result: Round = json.loads(done.stdout.splitlines()[-1])
    bot = heard_by_bot(peer)[before:]
    result["to_bot_ms"] = delays(result.get("mouth_s", []), [entry["heard_s"] for entry in bot])
    result["to_ear_ms"] = delays([entry["said_s"] for entry in bot], result.get("ear_s", []))
    return result


def heard_by_bot(peer: Runner) -> list[dict[str, float]]:
    """When the bot of *peer* heard a click, and when it said one, so far."""
    return [json.loads(line) for line in peer.log.read_text(encoding="utf-8").splitlines()]


def delays(began_s: Sequence[float], came_s: Sequence[float]) -> list[float]:
    """From each beginning to what first came after it, in milliseconds; what did not come is left out."""
    found = []
    for begin_s in began_s:
        after = [at_s - begin_s for at_s in came_s if 0 <= at_s - begin_s < LATE_S]
        found += [min(after) * 1000] if after else []
    return found


def row(found: dict[str, list[Round]], name: str, unit: str, values: Values) -> Row:
    """What *values* takes from each round."""
    of = {client: [v for one in found[client] for v in values(one)] for client in CLIENTS}
    return Row(name, unit, of["appliance"], of["bare"])


def _rows(found: dict[str, list[Round]]) -> list[Row]:
    def first_in_session(one: Round) -> Sequence[float]:
        return [one["in_session_first_packet_ms"]] if one["in_session_first_packet_ms"] is not None else []

    return [
        row(found, "memory, resident", "MB", lambda one: [one["memory_mb"]["rss"]]),
        row(found, "memory, proportional", "MB", lambda one: [one["memory_mb"]["pss"]]),
        row(found, "press to bot-ready", "ms", lambda one: one["bot_ready_ms"]),
        row(found, "press to first packet", "ms", lambda one: one["first_packet_ms"]),
        row(found, "the same, in a session", "ms", first_in_session),
        row(found, "mouth to bot", "ms", lambda one: one["to_bot_ms"]),
        row(found, "bot to ear", "ms", lambda one: one["to_ear_ms"]),
    ]


def machine() -> dict[str, object]:
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }
