"""Twenty conversations in a row with one appliance: each heard at both ends, and nothing left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.box import Box, Samples, box, settings
from tests.correlate import MOST, find, share
from tests.leftovers import Open, settled
from tests.runners import Runner
from tests.signals import WHOLE, words

TIMES = 20
FIRST = 1600
"""100 ms at 16 kHz."""


@pytest.mark.timeout(240)
async def test_twenty_conversations(echo: Runner, tmp_path: Path) -> None:
    said = words(0.6)
    async with box(settings(echo.url, tmp_path, said)) as b:
        heard = await conversation(b, said, 0)  # what is made once and kept is made here
        before = Open.now()
        for number in range(2, TIMES + 1):
            heard = await conversation(b, said, heard)
            sessions = echo.sessions()
            assert len(sessions) == number
            there = echo.heard(sessions[-1])
            assert share(there, said) > MOST, f"conversation {number} at the bot's end"
            assert find(there, said[:FIRST])[1] > WHOLE, "from the first sample of the press on"
        assert b.status["counters"]["sessions"] == TIMES
        assert b.status["counters"]["frames_dropped"] == 0
        await settled(before)


async def conversation(b: Box, said: Samples, heard: int) -> int:
    """One conversation, of which the answer is heard behind the first *heard* frames; how many there are then."""
    await b.say(0.6)
    await b.answer()
    await b.hang_up()
    sound = b.heard()
    assert share(sound[heard:], said) > MOST, "the answer at this end"
    return len(sound)
