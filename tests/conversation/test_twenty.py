"""Twenty conversations in a row with one appliance: each heard at both ends, and nothing left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.box import Box, box, settings
from tests.correlate import find
from tests.leftovers import Open, settled
from tests.runners import Runner
from tests.signals import WHOLE, words

TIMES = 20


@pytest.mark.timeout(240)
async def test_twenty_conversations(echo: Runner, tmp_path: Path) -> None:
    said = words(0.6)
    async with box(settings(echo.url, tmp_path, said)) as b:
        await conversation(b)  # what is made once and kept is made here
        before = Open.now()
        for number in range(2, TIMES + 1):
            await conversation(b)
            sessions = echo.sessions()
            assert len(sessions) == number
            start, score = find(echo.heard(sessions[-1]), said)
            assert score > WHOLE, f"conversation {number} at the bot's end"
        assert b.status["counters"]["sessions"] == TIMES
        assert b.status["counters"]["frames_dropped"] == 0
        await settled(before)
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
