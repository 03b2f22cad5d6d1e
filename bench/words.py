"""`bench words`: a thousand presses of all kinds through the whole chain to the real runner's bot, and which words of
them were lost.

Several boxes at a time, each behind a bad network of its own (`tests.relay`), in a few processes; their microphones are
WAV files, but for one box, whose sound cards are ALSA devices of a sound server. What kinds of presses there are, and
what each must come to, stands in `tests.presses`. It ends by itself, and then counts what there was time for.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.presser import Plan
from bench.report import Table
from bench.room import possible, room
from bench.runner import ROOT, Runner, runner
from bench.session import machine
from tests.presses import SHARES, Outcome, Press, deal, summary, words_of

PROCESSES = 2
BOXES = 3
"""In each process. Two cores bear that many in real time, with the runner and its bots."""
ALSA_SHARE = 20
"""One in so many presses goes through ALSA: there is one such box, and a mouth takes its time."""
LIMIT_S = 660.0

NOTES = (
    "Aims: no first and no last word lost, no turn left open, no stop before its word.",
    "lost: not whole in the bot's recording, or not in its place in the order (tests.words).",
    "trouble: the appliance did not tell of something that was waited for; its words count as lost.",
)


def run(*, presses: int, quick: bool) -> Table:
    """So many *presses*, or as many as there is time for; *quick*: sixty."""
    count = 60 if quick else presses
    print("speaking beforehand", file=sys.stderr)
    dealt = deal(count, seed=1)
    for press in dealt:
        words_of(press)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="words-")))
        peer = stack.enter_context(runner(folder, module="tests.bots.bot"))
        if not peer.real:
            raise SystemExit("the real runner is needed, in .venv-pipecat: run scripts/test runner once")
        alsa = stack.enter_context(room(folder)) if possible() else None
        began_s = time.monotonic()
        outcomes, cards = _press(dealt, peer, folder, alsa)
        took_s = time.monotonic() - began_s
    boxes = (
        f"{PROCESSES * BOXES} boxes on WAV files, {'one on ALSA' if alsa else 'none on ALSA: there is no PulseAudio'}"
    )
    raw = {"machine": machine(), "outcomes": [asdict(one) for one in outcomes]}
    title = f"{len(outcomes)} of {count} presses in {took_s:.0f} s, {boxes}"
    return Table(title=title, rows=_rows(outcomes, cards), notes=(*NOTES, *_wrong(outcomes)), raw=raw)


def _press(
    dealt: Sequence[Press], peer: Runner, folder: Path, alsa: Mapping[str, str] | None
) -> tuple[list[Outcome], list[Outcome]]:
    """What came of *dealt*, all in all, and through ALSA."""
    on_cards = list(dealt[::ALSA_SHARE]) if alsa else []
    on_files = [press for number, press in enumerate(dealt) if not alsa or number % ALSA_SHARE]
    all_of, cards = list[Outcome](), list[Outcome]()
    with contextlib.ExitStack() as stack:
        for number in range(PROCESSES):
            plan = Plan(url=peer.url, recordings=str(folder), boxes=BOXES, alsa=False)
            stack.enter_context(_presser(plan, on_files[number::PROCESSES], {}, [all_of]))
        if alsa:
            plan = Plan(url=peer.url, recordings=str(folder), boxes=1, alsa=True)
            stack.enter_context(_presser(plan, on_cards, alsa, [all_of, cards]))
    return all_of, cards


@contextlib.contextmanager
def _presser(
    plan: Plan, presses: Sequence[Press], environment: Mapping[str, str], into: Sequence[list[Outcome]]
) -> Iterator[None]:
    """A process that does *presses*; at the end it is waited for, as long as there is time."""
    until_s = time.monotonic() + LIMIT_S
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.presser", json.dumps(asdict(plan))],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps([asdict(press) for press in presses]))
    process.stdin.close()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            found: dict[str, Any] = json.loads(line)
            outcome = Outcome(**{**found, "press": Press(**found["press"])})
            for one in into:
                one.append(outcome)
            print(f"{len(into[0])}: {outcome.press.kind}{'' if outcome.good else ' WRONG'}", file=sys.stderr)

    reader = threading.Thread(target=read, name="outcomes")
    reader.start()
    try:
        yield
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(until_s - time.monotonic(), 0.0))
    finally:
        process.kill()
        process.wait()
        reader.join()


def _rows(outcomes: Sequence[Outcome], cards: Sequence[Outcome]) -> list[list[str]]:
    of = {kind: [one for one in outcomes if one.press.kind == kind] for kind in SHARES}
    counts = {**{kind: summary(found) for kind, found in of.items()}, "of them ALSA": summary(cards)}
    counts["all"] = summary(outcomes)
    return [["", *counts["all"]], *([name, *map(str, count.values())] for name, count in counts.items())]


def _wrong(outcomes: Sequence[Outcome]) -> list[str]:
    """The first of those that went wrong, to be looked into by their seeds."""
    wrong = [one for one in outcomes if not one.good]
    return [f"wrong: {one}" for one in wrong[:10]]
