"""The demonstration on a terminal: a live view of the appliance, and keys for its buttons.

Ten times a second a picture is made on the event loop, which takes a fraction of a millisecond, and drawn on a thread
if it differs from the last: a slow terminal holds up the picture and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.live import Live

from appliance.app import running
from appliance.config.schema import Settings
from appliance.demo.keys import Keys, single_keys
from appliance.demo.screen import Picture, Screen
from appliance.service.appliance import RunningAppliance
from appliance.units import Seconds

REFRESH_S: Final[Seconds] = 0.1
SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


async def view(settings: Settings) -> None:
    """Until `q`, a signal or the end of input. The terminal is left as it was found. Raises what `running` does."""
    ended = asyncio.Event()
    with _signals(ended):
        async with running(settings, socket=Path(settings.control.socket)) as appliance:
            life = asyncio.create_task(appliance.wait(), name="demo-life")
            life.add_done_callback(lambda _task: ended.set())
            with _keys(appliance, ended), contextlib.suppress(OSError):  # the terminal has gone
                await _draw_until(ended, appliance)
            if life.done():
                life.result()
            life.cancel()


async def _draw_until(ended: asyncio.Event, appliance: RunningAppliance) -> None:
    loop = asyncio.get_running_loop()
    screen = Screen(loop.time())
    unsubscribe = appliance.subscribe(screen.take)

    def picture() -> Picture:
        return screen.picture(appliance.status(), appliance.sentence, appliance.levels_dbfs, loop.time())

    drawn = picture()
    with Live(drawn, console=Console(), auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        last = False
        while not last:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), REFRESH_S)
            last = ended.is_set()  # what led to the end is still shown
            seen, drawn = drawn, picture()
            if drawn != seen:
                await asyncio.to_thread(live.update, drawn, refresh=True)
    unsubscribe()


@contextlib.contextmanager
def _keys(appliance: RunningAppliance, ended: asyncio.Event) -> Iterator[None]:
    """What is typed are presses of the board's buttons."""
    assert appliance.board is not None, "a demonstration has a simulated board"
    loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()
    with single_keys(descriptor):
        loop.add_reader(descriptor, Keys(descriptor, appliance.board, ended.set).read)
        try:
            yield
        finally:
            loop.remove_reader(descriptor)


@contextlib.contextmanager
def _signals(ended: asyncio.Event) -> Iterator[None]:
    """What would end the process ends the view instead, so that the terminal is put in order."""
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, ended.set)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
