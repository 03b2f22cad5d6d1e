"""The event loop for a part of the appliance whose callbacks have an owner: what they raise goes to that owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from appliance.units import Seconds


class OwnedLoop:
    """`board.port.Loop`, over the running loop. *crashed* is told, on the loop, what a callback raised."""

    def __init__(self, crashed: Callable[[BaseException], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._crashed = crashed

    def time(self) -> Seconds:
        return self._loop.time()

    def call_later(self, delay: Seconds, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        return self._loop.call_later(delay, self._call, callback, args)

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any) -> asyncio.Handle:
        return self._loop.call_soon_threadsafe(self._call, callback, args)

    def _call(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        call(callback, *args, crashed=self._crashed)


def call(callback: Callable[..., object], *args: Any, crashed: Callable[[BaseException], object]) -> None:
    """Call *callback*; *crashed* is told what it raised."""
    try:
        callback(*args)
    except Exception as error:  # noqa: BLE001 - whatever it is, its owner restarts what called
        crashed(error)
