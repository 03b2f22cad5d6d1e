"""What befalls the sound cards, for `bench recovery`: ALSA's own library, and a sound server that goes and comes.

One run at a time: there is one sound server, as ALSA is told of one.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from appliance.config.schema import Microphone, Speaker
from bench.plays import Group, Plays, Row, on_loop
from tests.alsa.server import SoundServer, why_not
from tests.box import Box, box, settings
from tests.faults.lived import Lived, lived
from tests.runners import runner

AWAY_S = (4.0, 12.0)
"""The shortest and the longest; the runs are strewn between, and so over the waits of `audio.reopening`, to the longest
one."""
BACK_S = 10.0

Once = Callable[[SoundServer, float], Awaitable[Lived]]


async def microphone(server: SoundServer, away_s: float) -> Lived:
    """While a person speaks, who goes on holding the button."""
    async with _box("echo", microphone="mic") as b:
        b.press()
        await b.ready()
        assert b.status["devices"]["microphone"]["state"] == "ok"
        found = await _unplug(b, server, "microphone", away_s)
        b.release()
        await b.until(type="turn", event="stop")
    return found


async def speaker(server: SoundServer, away_s: float) -> Lived:
    """While the bot speaks."""
    async with _box("tone", speaker="spk") as b:
        b.tap("session")
        await b.until(type="light", meaning="speaking")
        return await _unplug(b, server, "speaker", away_s)


@asynccontextmanager
async def _box(bot: str, microphone: str = "silence", speaker: str = "null") -> AsyncIterator[Box]:
    with tempfile.TemporaryDirectory(prefix="devices-") as folder:
        async with runner(bot=bot) as there:
            chosen = settings(there.url, Path(folder))
            chosen = replace(chosen, microphone=Microphone(device=microphone), speaker=Speaker(device=speaker))
            async with box(chosen) as b:
                yield b


async def _unplug(b: Box, server: SoundServer, which: str, away_s: float) -> Lived:
    loop = asyncio.get_running_loop()
    sessions, fault_s = b.status["counters"]["sessions"], loop.time()
    await asyncio.to_thread(server.stop)
    try:
        await b.until(type="light", meaning="device-missing")
        await asyncio.sleep(fault_s + away_s - loop.time())  # the fault itself
    finally:
        await asyncio.to_thread(server.start)
    over_s = loop.time()
    await b.until(BACK_S, type="device", device=which, state="ok")
    same = b.status["state"] == "ready" and b.status["counters"]["sessions"] == sessions
    noticed, back = {"type": "light", "meaning": "device-missing"}, {"type": "device", "device": which, "state": "ok"}
    return lived(b.events, fault_s, over_s, same_bot=same, noticed=noticed, back=back)


async def _play(once: Once, times: int) -> Plays:
    with tempfile.TemporaryDirectory(prefix="sound-") as folder:
        server = SoundServer(Path(folder))
        os.environ.update(server.environment)
        await asyncio.to_thread(server.start)
        least_s, most_s = AWAY_S

        def run(number: int) -> Awaitable[Lived]:
            return once(server, least_s + (most_s - least_s) * number / max(times - 1, 1))

        try:
            async for played in on_loop(times, run, beside=1):
                yield played
        finally:
            await asyncio.to_thread(server.stop)


GROUP = Group(
    "devices",
    why_not,
    (
        Row("microphone unplugged while a person speaks", partial(_play, microphone)),
        Row("speaker unplugged while the bot speaks", partial(_play, speaker)),
    ),
)
