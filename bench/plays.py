"""Playing a fault many times, a few beside each other: what is measured are waits, not work."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from tests.faults.lived import Lived

Stage = TypeVar("Stage")
Played = Lived | BaseException
"""What came of one run: what was lived through, or what went wrong."""
Plays = AsyncGenerator[Played, None]

BESIDE = 5
"""At a time: a runner, or a box, takes a second of a core to start."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a fault, and what plays it so many times."""

    name: str
    play: Callable[[int], Plays]


@dataclass(frozen=True, slots=True)
class Group:
    """Faults that strike at one place. *why_not* says what this machine lacks for them, or None."""

    name: str
    why_not: Callable[[], str | None]
    rows: tuple[Row, ...]


async def on_loop(times: int, once: Callable[[int], Awaitable[Lived]], beside: int = BESIDE) -> Plays:
    """*once* is told the number of its run."""
    room = asyncio.Semaphore(beside)

    async def one(number: int) -> Played:
        async with room:
            try:
                return await once(number)
            except Exception as error:  # noqa: BLE001 - of a run that failed the table tells, beside those that did not
                return error

    tasks = [asyncio.create_task(one(number)) for number in range(times)]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def on_threads(
    times: int,
    stage: Callable[[], AbstractContextManager[Stage]],
    once: Callable[[Stage, int], Lived],
    beside: int = BESIDE,
) -> Plays:
    """For what blocks: each thread has a *stage* of its own, and plays on it in turns until *times* have been played.

    A stage on which a run failed is not used again. Ended early, it waits for the runs that are under way.
    """
    numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(times):
        numbers.put(number)
    played: asyncio.Queue[Played] = asyncio.Queue()
    loop, stopping = asyncio.get_running_loop(), threading.Event()

    def keep(one: Played) -> None:
        loop.call_soon_threadsafe(played.put_nowait, one)

    def work() -> None:
        with contextlib.suppress(queue.Empty):
            while not stopping.is_set():
                number = numbers.get_nowait()
                try:
                    with stage() as here:
                        while not stopping.is_set():
                            keep(once(here, number))
                            number = numbers.get_nowait()
                except queue.Empty:
                    raise
                except BaseException as error:  # noqa: BLE001 - as above; a skip of pytest's is none of the usual ones
                    keep(error)

    workers = [asyncio.create_task(asyncio.to_thread(work)) for _ in range(min(times, beside))]
    try:
        for _ in range(times):
            yield await played.get()
    finally:
        stopping.set()
        await asyncio.gather(*workers, return_exceptions=True)
