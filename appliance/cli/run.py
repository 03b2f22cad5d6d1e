"""`voice-appliance run`: the daemon, until SIGTERM or SIGINT.

SIGHUP reads the file again. SIGUSR1 has the log say what every task and every thread is doing.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
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
    faulthandler.enable()  # a process that systemd ends because it hangs says where, in every thread
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

    systemd = notifier()
    systemd.status("starting")
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
    signal.signal(signal.SIGUSR1, lambda *_: log_snapshot(loop))  # not by the loop, which may be what hangs
    source = Source(path, systemd, _state_folder())
    async with running(settings, socket=Path(settings.control.socket), source=source) as appliance:
        logs.watch_loop(loop, appliance.supervisor.unowned)
        reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = loop.create_task(appliance.reload(), name="reload")
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        hurry = functools.partial(appliance.post, ShutdownAsked())  # the polite end is under way then: this one ends it
        await _first(told=told.wait(), ended=appliance.wait())


def _state_folder() -> Path | None:
    """What systemd made for us (`StateDirectory=`); a daemon that somebody started by hand leaves nothing behind."""
    folder = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(folder) if folder else None


async def _first(**waits: Coroutine[Any, Any, object]) -> None:
    """Until one of *waits* is over, which become tasks by their names. Raises what it raised."""
    tasks = [asyncio.create_task(wait, name=f"until-{name}") for name, wait in waits.items()]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    for task in done:
        task.result()
