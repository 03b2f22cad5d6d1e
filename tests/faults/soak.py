"""Many sessions in a row with one appliance, each ended in another way, and what the process holds meanwhile."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.box import Box
from tests.leftovers import Open

UNEVEN = (tuple, dict, asyncio.TimerHandle, contextvars.Context)
UNEVEN_FROM = ("appliance.session.", "appliance.service.trace")
"""What comes and goes in heaps: the trace keeps the last minutes in blocks, and a loop its cancelled timers until they
are half of all."""
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass(frozen=True, slots=True)
class Held:
    """What the process held after *sessions* of them, with nothing under way."""

    sessions: int
    objects: int
    """That the collector knows of, but for what is `UNEVEN`."""
    resident_kb: int
    open: Open


def held(sessions: int) -> Held:
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_KB
    return Held(sessions, sum(map(_counts, gc.get_objects())), resident, Open.now())


def _counts(thing: object) -> bool:
    kind = type(thing)
    return kind not in UNEVEN and not str(kind.__module__).startswith(UNEVEN_FROM)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How much the second number grows with each of the first, by the median of all pairs (Theil and Sen), which a
    single step does not move."""
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(points) for b in points[i + 1 :])
    return slopes[len(slopes) // 2]


async def _pressed_over(b: Box) -> None:
    """In session, then hung up; the next press comes before the bot has left."""
    b.tap("session")
    await b.ready()
    b.tap("session")
    await b.state("disconnecting")


async def _spoken(b: Box) -> None:
    """A turn with words, from a press that starts the session."""
    b.press()
    await b.ready()
    b.release()
    await b.until(type="turn", event="stop")
    b.tap("session")
    await b.state("disconnecting")


async def _cut_short(b: Box) -> None:
    """Hung up while it is being made."""
    b.tap("session")
    await b.state("connecting")
    b.tap("session")
    await b.state("disconnecting")


async def _polite(b: Box) -> None:
    """Ended as it should be, by the bot's leaving."""
    b.tap("session")
    await b.ready()
    b.tap("session")
    await b.state("disconnected")


_WAYS = (_pressed_over, _cut_short, _spoken, _pressed_over, _cut_short, _pressed_over)


async def soak(b: Box, sessions: int) -> None:
    """Hold so many sessions. The last one ends politely, so that nothing is under way then; what was told of all of
    them is forgotten."""
    for number in range(sessions - 1):
        await _WAYS[number % len(_WAYS)](b)
    await _polite(b)
    b.forget()
