"""What every failed start owes: one clear line, the right patience, nothing left over, and to be startable again."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from appliance.runner.server import EmbeddedRunner
from appliance.session.events import StartAsked
from tests.box import Box
from tests.leftovers import Open, settled

RETRYING, GIVEN_UP = "retrying", "given-up"
LONG_S = 30.0
"""The first wait, so that a test meets one attempt and no more; at least half of it."""
SHORT: dict[str, Any] = {
    "start_timeout_s": 0.3,
    "offer_timeout_s": 0.3,
    "connect_timeout_s": 0.5,
    "bot_ready_timeout_s": 0.3,
}
OUR_OWN = re.compile(r"Traceback|Error\(|Exception|object at 0x|<class|\\n|b'")
"""What only a programmer can read."""


@asynccontextmanager
async def at(port: int, bot: str, *, host: str = "127.0.0.1") -> AsyncIterator[EmbeddedRunner]:
    embedded = EmbeddedRunner(host=host, port=port, bot=bot, record=True)
    await embedded.start()
    try:
        yield embedded
    finally:
        await embedded.stop()


async def failed(b: Box, caplog: pytest.LogCaptureFixture, phase: str, *telling: str) -> str:
    """Start, and hold what comes of it against what every failed start owes. Returns the one line."""
    before = Open.now()
    caplog.clear()
    b.appliance.post(StartAsked())
    error = await b.until(type="error")
    assert (error["source"], error["fatal"]) == ("start", True)
    line = str(error["message"])
    recovery = b.status["recovery"]
    assert recovery["reason"] == line
    for words_ in telling:
        assert words_ in line, line
    assert len(line) < 300 and line.isprintable() and not OUR_OWN.search(line), line
    assert recovery["phase"] == phase
    assert (recovery["retry_in_s"] is not None) == (phase == RETRYING)
    assert recovery["waiting_for"] == ("person" if phase == GIVEN_UP else None)
    assert b.status["light"]["meaning"] == phase
    assert b.status["state"] == "disconnected"
    await b.until(type="device", device="speaker", state="closed")
    assert b.status["devices"]["microphone"]["state"] == "closed"
    await settled(before)
    assert "ready" not in b.told("state", "state")
    assert len(b.told("error", "message")) == 1, "said once"
    loud = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(loud) == 1 and line in loud[0].getMessage() and not loud[0].exc_info, "and logged once, without a trace"
    return line


async def recovers(b: Box) -> None:
    """The same appliance, asked again, has a session: its runner has become a good one."""
    b.appliance.post(StartAsked())
    await b.ready()
    recovery = b.status["recovery"]
    assert (recovery["phase"], recovery["reason"]) == ("none", None)
    assert b.status["light"]["meaning"] == "ready"
