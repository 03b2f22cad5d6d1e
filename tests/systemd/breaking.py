"""The daemon with a way to break it from inside: each signal makes another part of it stand still, or crash.

    python -m tests.systemd.breaking run --config FILE

What it tells goes to `TOLD`, a line each, and the next process goes on behind it; the first line of each says why the
one before it ended.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.cli import main
from appliance.service.appliance import RunningAppliance

TOLD = "/run/voice-appliance/told"
LOOP_HANGS, CAPTURE_HANGS, PLAYBACK_HANGS, MACHINE_CRASHES = (signal.SIGRTMIN + number for number in range(1, 5))
LONG_S = 3600.0

_start = RunningAppliance.start


def start(self: RunningAppliance) -> None:
    """In place of its own."""
    told = Path(TOLD).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - for as long as the process lives

    def keep(event: dict[str, Any]) -> None:
        told.write(json.dumps(event) + "\n")

    keep({"type": "last_end", "at_s": time.monotonic(), "reason": self.status()["last_end"]})
    self.subscribe(keep)

    def hang() -> None:
        threading.Event().wait()

    for number, fault in (
        (LOOP_HANGS, lambda: time.sleep(LONG_S)),
        (CAPTURE_HANGS, lambda: self._capture._post(hang)),
        (PLAYBACK_HANGS, lambda: self._playback._post(hang)),
        (MACHINE_CRASHES, lambda: _crash(self)),
    ):
        _on(number, fault)
    _start(self)


def _on(number: int, fault: Callable[[], object]) -> None:
    asyncio.get_running_loop().add_signal_handler(number, fault)


def _crash(appliance: RunningAppliance) -> None:
    """As a bug in what a step has decided would."""

    def bug(_effect: object) -> None:
        raise ZeroDivisionError("bug")

    appliance._driver._perform = bug
    assert appliance.board is not None
    appliance.board.press(appliance.board.buttons[0])


if __name__ == "__main__":
    RunningAppliance.start = start  # type: ignore[method-assign]
    sys.exit(main(sys.argv[1:]))
