"""`voice-appliance run`: the daemon, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from appliance.cli.options import add_config
from appliance.config.load import load
from appliance.config.schema import Settings


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    from appliance.service import logs

    settings = load(args.config)
    logs.set_up()
    asyncio.run(_run(settings))
    return 0


async def _run(settings: Settings) -> None:
    """Hangs up politely on the first signal, at once on the second. Raises what nobody foresaw."""
    from appliance.app import running
    from appliance.service import logs
    from appliance.session.events import ShutdownAsked

    loop = asyncio.get_running_loop()
    logs.watch_loop(loop)
    told = asyncio.Event()
    async with running(settings, socket=Path(settings.control.socket)) as appliance:

        def end() -> None:
            if told.is_set():
                appliance.post(ShutdownAsked())  # the polite one is under way: this one ends it
            told.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        await _first(told.wait(), appliance.wait())


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Until one of *waits* is over. Raises what it raised."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    for task in done:
        task.result()
