"""What befalls the box's own network, for `bench recovery`: another address, a cable or interface that goes and comes.

The daemon and the embedded runner in network namespaces of their own, with a cable between them.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench.plays import Group, Plays, Row, on_threads
from tests.faults.lived import Lived, lived
from tests.faults.wire import END, Box, Wire, why_not

APART_S = 1.2
"""Between two changes: longer than `least_gap_s`, which would be measured else."""

Stage = tuple[Wire, Box]


@contextlib.contextmanager
def _stage(bot: str) -> Iterator[Stage]:
    """A box in session with *bot*, and its cable."""
    with tempfile.TemporaryDirectory(prefix="network-") as name, Wire(Path(name)) as wire:
        wire.runner(bot)
        box = wire.box()
        box.ready()
        yield wire, box


def _moves(here: Stage, _run: int) -> Lived:
    """It gets another address."""
    wire, box = here
    time.sleep(APART_S)
    sessions = box.status["counters"]["sessions"]
    fault_s = time.monotonic()
    return _ready(box, fault_s, wire.move(), sessions)


def _moves_while_the_bot_speaks(here: Stage, run: int) -> Lived:
    """Wants the bot `tone`."""
    _, box = here
    if box.status["light"]["meaning"] != "speaking":
        box.until(type="light", meaning="speaking")
    return _moves(here, run)


def _cut(change: Callable[[Wire], Callable[..., float]], here: Stage, _run: int) -> Lived:
    """Nothing passes until the box has noticed."""
    wire, box = here
    time.sleep(APART_S)
    sessions = box.status["counters"]["sessions"]
    fault_s = change(wire)("link", "set", END, "down")
    box.until(type="state", previous="ready")
    over_s = change(wire)("link", "set", END, "up")
    return _ready(box, fault_s, over_s, sessions)


def _ready(box: Box, fault_s: float, over_s: float, sessions: int) -> Lived:
    box.until(type="state", state="ready")
    box.until(type="light")
    return lived(box.told(), fault_s, over_s, same_bot=box.status["counters"]["sessions"] == sessions)


def _play(bot: str, once: Callable[[Stage, int], Lived], times: int) -> Plays:
    return on_threads(times, partial(_stage, bot), once)


ROWS = (
    ("another address", "echo", _moves),
    ("another address while the bot speaks", "tone", _moves_while_the_bot_speaks),
    ("interface down and up", "echo", partial(_cut, lambda wire: wire.near)),
    ("cable out and in", "echo", partial(_cut, lambda wire: wire.far)),
)
GROUP = Group("network", why_not, tuple(Row(name, partial(_play, bot, once)) for name, bot, once in ROWS))
