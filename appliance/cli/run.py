"""`voice-appliance run`: the daemon, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import functools
import logging
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from appliance.cli.options import add_config
from appliance.config.load import load
from appliance.config.schema import Settings
from appliance.errors import ApplianceError
from appliance.service import logs
from appliance.telling import tell


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--log-format", choices=logs.FORMATS, default="auto", help="form of the log (default auto)")


def run(args: argparse.Namespace) -> int:
    settings = load(args.config)
    logs.set_up(form=args.log_format)
    try:
        asyncio.run(_run(settings, args.config))
    except ApplianceError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place: it ends the process, and a supervisor makes a new one
        tell(logs.log, logging.ERROR, "crashed", trace=error)
        _end_if_something_hangs(1)
        return 1
    _end_if_something_hangs(0)
    return 0


def _end_if_something_hangs(status: int) -> None:
    """A thread of a library that has not let go must not keep a process that has ended."""
    main = threading.main_thread()
    hanging = [thread.name for thread in threading.enumerate() if thread is not main and not thread.daemon]
    if hanging:
        tell(logs.log, logging.ERROR, "ended_over_hanging_threads", names=",".join(hanging))
        os._exit(status)


async def _run(settings: Settings, path: Path) -> None:
    """Hangs up politely on the first signal, at once on the second. Raises what nobody foresaw."""
    from appliance.app import Source, running
    from appliance.service.snapshot import log_snapshot
    from appliance.service.systemd import notifier
    from appliance.session.events import ShutdownAsked

    loop = asyncio.get_running_loop()
    logs.watch_loop(loop)
    told = asyncio.Event()
    hurry: Callable[[], None] = told.set  # there is nothing to hurry yet

    def end() -> None:
        if told.is_set():
            hurry()
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):  # before anything is made that has to be let go of
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # nothing to reload yet, and no reason to end
    loop.add_signal_handler(signal.SIGUSR1, log_snapshot, loop)
    source = Source(path, notifier())
    async with running(settings, socket=Path(settings.control.socket), source=source) as appliance:
        reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = loop.create_task(appliance.reload(), name="reload")
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        hurry = functools.partial(appliance.post, ShutdownAsked())  # the polite end is under way then: this one ends it
        await _first(told.wait(), appliance.wait())


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Until one of *waits* is over. Raises what it raised."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    for task in done:
        task.result()
