"""`bench wire`: both roads of sound on bad networks, of the appliance and of a bare aiortc client at the same time.

Each client is a process of its own behind a relay of its own, with the same seed, before the real runner. It speaks
known words while its bot reads known words. After a few of them something happens to the network, in both directions,
and then ten words tell what came of it. Where they were whole, how late, and when it was over stands in `hearing`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soxr  # type: ignore[import-untyped]

from bench.client import Ear
from bench.hearing import Ears, Verdict, judge
from bench.report import Table
from bench.runner import ROOT, Runner, runner
from bench.session import CLIENTS, machine
from bench.sounds import write
from bench.talker import Plan, Talked
from tests.bots.recording import Kept
from tests.relay.relay import Relay, relay
from tests.words import RATE_HZ, Speech, look_for, speech

BEFORE = 4
WORDS = 10
BURST_S = 0.1
"""Of five packets of 20 ms, whatever else is sent in that time."""
SENT_HZ = 24_000
TAIL_S = 0.3
"""Of a release, of both clients."""

CONDITIONS: dict[str, Callable[[Relay], None]] = {
    "clean": lambda network: None,
    "one loss": lambda network: network.lose_sound(1, "both"),
    "1 %": lambda network: network.set("both", loss=0.01),
    "5 %": lambda network: network.set("both", loss=0.05),
    "burst of 5": lambda network: network.blackout(BURST_S),
    "stall of 300 ms": lambda network: network.stall(0.3),
    "stall of 1 s": lambda network: network.stall(1.0),
    "jitter of 40 ms": lambda network: network.set("both", jitter_ms=40),
    "reordering": lambda network: network.set("both", reorder=0.1, reorder_ms=30),
}

NOTES = (
    "up: from the mouth to the bot's pipeline, 80 ms of which are a stock runner's own buffer.",
    "down: from where sound leaves the bot, as it leaves it, to the ear. The bare client has no player: its",
    "frames count as heard when they are decoded, though nobody could listen to a second of sound at once.",
    "words: whole, of ten, from the event on, mean of the rounds. before, after: delay before it, and at the end.",
    "back: until the last word that was later than before by 20 ms is over; never: not within the words, some 7 s.",
    "holes: of words, in pieces of 120 ms, that did not come, and in how many places, over all fourteen words.",
    "VAD: the bot's speech detection says that speech is over, after the end of the tail.",
    "own: what the appliance tells of its playout at the end of the turn: so late is a packet played after it came.",
    "Aims: 10 words at 5 %; +0 ms after one loss; back within 3 s after a stall; VAD within 80 ms of the tail's end.",
)


@dataclass(frozen=True, slots=True)
class Heard:
    """One client on one network, once."""

    up: Verdict
    down: Verdict
    vad_ms: float | None
    """None: speech detection did not come to an end."""
    account: dict[str, Any]
    """The client's own."""


def run(*, rounds: int, quick: bool) -> Table:
    """*rounds* of each network; *quick*: one, of three networks."""
    names = ["clean", "one loss", "5 %"] if quick else list(CONDITIONS)
    found: dict[str, dict[str, list[Heard]]] = {name: {client: [] for client in CLIENTS} for name in names}
    said = speech(1, BEFORE + WORDS)
    with tempfile.TemporaryDirectory(prefix="wire-") as place:
        folder = Path(place)
        (folder / "read.s16").write_bytes(said.samples.tobytes())
        with runner(folder, module="tests.bots.bot") as peer:
            if not peer.real:
                raise SystemExit("the real runner is needed, in .venv-pipecat: run scripts/test runner once")
            for number in range(1 if quick else rounds):
                for name in names:
                    print(f"round {number + 1}: {name}", file=sys.stderr)
                    one = partial(_one, name=name, seed=100 * number, said=said, peer=peer, folder=folder)
                    with ThreadPoolExecutor(len(CLIENTS)) as pool:
                        for client, heard in zip(CLIENTS, pool.map(one, CLIENTS), strict=True):
                            found[name][client].append(heard)
    raw = {
        "machine": machine(),
        "heard": {n: {c: list(map(asdict, r)) for c, r in f.items()} for n, f in found.items()},
    }
    title = f"wire, both clients at once, against {peer.name}; rounds: {len(next(iter(found.values()))[CLIENTS[0]])}"
    return Table(title=title, rows=_rows(found), notes=NOTES, raw=raw, left=3)


def _one(client: str, *, name: str, seed: int, said: Speech, peer: Runner, folder: Path) -> Heard:
    """*client* on the network *name*."""
    own = folder / client
    own.mkdir(exist_ok=True)
    write(own / "says.wav", said.samples)
    event_after_s = (said.starts[BEFORE] + len(said.words[BEFORE]) / 2) / RATE_HZ
    with relay(peer.url, seed) as network:
        plan = Plan(url=network.url, folder=str(own), read=str(folder / "read.s16"), seconds=said.seconds)
        with subprocess.Popen(
            [sys.executable, "-m", "bench.talker", client, json.dumps(asdict(plan))],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            began = process.stdout.readline()
            time.sleep(event_after_s)
            event_s = time.monotonic()
            CONDITIONS[name](network)
            rest = process.stdout.read()
        if process.returncode or not began:
            raise SystemExit(f"the {client} failed on the network '{name}'")
        kept = Kept(folder, network.sessions[-1])
    return _judged(said, Talked(**json.loads(rest.splitlines()[-1])), kept, own, event_s)


def _judged(said: Speech, talked: Talked, kept: Kept, folder: Path, event_s: float) -> Heard:
    with np.load(folder / "heard.npz") as heard:
        ear = Ear(heard["samples"], heard["periods_s"].tolist())
    up = Ears(said, lambda frame: talked.mouth_s + frame / RATE_HZ, kept.sound, kept.came_s)
    down = Ears(_sent(said, kept), lambda frame: kept.sent_s(frame * SENT_HZ // RATE_HZ), ear.samples, ear.at_s)
    stops = [at_s for at_s in kept.voice_s("stopped") if at_s > talked.released_s]
    vad_ms = (stops[0] - talked.released_s - TAIL_S) * 1000 if stops else None
    return Heard(judge(up, event_s), judge(down, event_s), vad_ms, talked.account)


def _sent(said: Speech, kept: Kept) -> Speech:
    """What really left the bot of *said*: where its pipeline is late, its transport puts silence into a word."""
    samples = np.asarray(soxr.resample(kept.sent, SENT_HZ, RATE_HZ), np.int16)
    starts = [one.start for one in look_for(said, samples)]
    words = [samples[start : start + len(word)] for start, word in zip(starts, said.words, strict=True)]
    return Speech(samples, words, starts)


def _rows(found: dict[str, dict[str, list[Heard]]]) -> list[list[str]]:
    rows = [["network", "way", "", "words", "before ms", "after ms", "back s", "holes ms", "in", "VAD ms", "own ms"]]
    for name, of in found.items():
        for way in ("up", "down"):
            for client, rounds in of.items():
                verdicts: list[Verdict] = [getattr(one, way) for one in rounds]
                vad = [one.vad_ms for one in rounds] if way == "up" else []
                own = [one.account["playout_delay_ms"] for one in rounds if one.account] if way == "down" else []
                rows.append([name, way, client, *_cells(verdicts), *(_middle(of) if of else "" for of in (vad, own))])
    return rows


def _cells(verdicts: Sequence[Verdict]) -> list[str]:
    backs = [one.back_s for one in verdicts]
    return [
        f"{statistics.mean(one.whole for one in verdicts):.1f}",
        _middle([one.before_ms for one in verdicts]),
        _middle([one.after_ms for one in verdicts]),
        "never" if None in backs else f"{max(back for back in backs if back is not None):.1f}",
        f"{statistics.mean(one.holes_ms for one in verdicts):.0f}",
        f"{statistics.mean(one.holes for one in verdicts):.1f}",
    ]


def _middle(values: Sequence[float | None]) -> str:
    """The median; "none" if one is missing."""
    known: list[Any] = [value for value in values if value is not None]
    return f"{statistics.median(known):.0f}" if len(known) == len(values) else "none"
