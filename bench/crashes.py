"""Parts that crash inside the process, for `bench recovery`: it goes on, and the part begins anew."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from bench.plays import Group, Plays, Row, on_loop
from tests.box import Box, box, settings
from tests.conversation.crashing import crash, crash_of_clock_watch, crash_of_network_watch
from tests.faults.lived import Lived, Told, lived
from tests.runners import runner
from tests.signals import words

SAID_S = 2.0


async def _capture(b: Box) -> Lived:
    """While a person speaks, who goes on holding the button."""
    b.press()
    await b.ready()
    found = await _crash(b, partial(crash, b, "capture"), _device("microphone"))
    b.release()
    await b.until(type="turn", event="stop", delivered=True)
    return found


async def _playback(b: Box) -> Lived:
    """While the bot speaks."""
    await b.say(SAID_S)
    await b.until(type="bot", event="audible")
    return await _crash(b, partial(crash, b, "playback"), _device("speaker"))


async def _watch(crash_of: Callable[[Box], None], b: Box) -> Lived:
    """Nothing of it is seen; it is back when it has begun anew."""
    b.tap("session")
    await b.ready()
    loop = asyncio.get_running_loop()
    fault_s = loop.time()
    crash_of(b)
    while not b.status["counters"]["restarts"]:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.001)
    return Lived(None, loop.time() - fault_s, same_bot=b.status["state"] == "ready")


def _device(which: str) -> Told:
    return {"type": "device", "device": which}


async def _crash(b: Box, bug: Callable[[], None], device: Told) -> Lived:
    sessions, fault_s = b.status["counters"]["sessions"], asyncio.get_running_loop().time()
    bug()
    noticed, back = {**device, "state": "closed"}, {**device, "state": "ok"}
    await b.until(**noticed)
    await b.until(**back)
    same = b.status["state"] == "ready" and b.status["counters"]["sessions"] == sessions
    return lived(b.events, fault_s, fault_s, same_bot=same, noticed=noticed, back=back)


@asynccontextmanager
async def _box() -> AsyncIterator[Box]:
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        async with runner() as there, box(settings(there.url, Path(folder), words(SAID_S))) as b:
            yield b


def _play(once: Callable[[Box], Awaitable[Lived]], times: int) -> Plays:
    async def run(_number: int) -> Lived:
        async with _box() as b:
            return await once(b)

    return on_loop(times, run)


ROWS = (
    ("capture thread crashes while a person speaks", _capture),
    ("playback thread crashes while the bot speaks", _playback),
    ("watch over the network crashes", partial(_watch, crash_of_network_watch)),
    ("watch over the clock crashes", partial(_watch, crash_of_clock_watch)),
)
GROUP = Group("crashes", lambda: None, tuple(Row(name, partial(_play, once)) for name, once in ROWS))
