"""Twenty conversations in a row with one appliance: each heard at both ends, and nothing left over."""

from __future__ import annotations

import asyncio
import gc
import threading
from pathlib import Path

import pytest

from tests.box import Box, box, settings
from tests.correlate import find
from tests.runners import Runner
from tests.signals import WHOLE, words

TIMES = 20


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.timeout(240)
async def test_twenty_conversations(echo: Runner, tmp_path: Path) -> None:
    said = words(0.6)
    async with box(settings(echo.url, tmp_path, said)) as b:
        await conversation(b)  # what is made once and kept is made here
        tasks, threads, files = len(asyncio.all_tasks()), threading.active_count(), descriptors()
        for number in range(2, TIMES + 1):
            await conversation(b)
            sessions = echo.sessions()
            assert len(sessions) == number
            start, score = find(echo.heard(sessions[-1]), said)
            assert score > WHOLE, f"conversation {number} at the bot's end"
        assert b.status["counters"]["sessions"] == TIMES
        assert b.status["counters"]["frames_dropped"] == 0
        await settled(tasks, threads, files)
    heard = b.heard()
    answers = 0
    while len(heard) > len(said):
        start, score = find(heard, said)
        if score < WHOLE:
            break
        answers += 1
        heard = heard.copy()
        heard[start : start + len(said)] = 0
    assert answers == TIMES, "each answer whole at this end"


async def conversation(b: Box) -> None:
    await b.say(0.6)
    await b.answer()
    await b.hang_up()


async def settled(tasks: int, threads: int, files: int) -> None:
    """Until there is no more of anything than there was. The other end of the same process lets go in its own time."""
    async with asyncio.timeout(10):
        while len(asyncio.all_tasks()) > tasks or threading.active_count() > threads or descriptors() > files:
            gc.collect()
            await asyncio.sleep(0.05)
