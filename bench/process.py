"""What befalls the process, for `bench recovery`: the shipped unit under a systemd that is the first process.

It is killed, or stands still as a whole or in a part, from inside; systemd ends it, or it ends itself, and the next one
is in a session again.
"""

from __future__ import annotations

import contextlib
import json
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.plays import BESIDE, Group, Plays, Row, on_threads
from tests.faults.lived import READY, Lived, has, lived
from tests.systemd import breaking
from tests.systemd.machine import CONFIG, UNIT, Machine, machine, why_not

LIMIT_S = 60.0
"""Far more than systemd allows and a start takes."""
LOOK_S, RUNS_STREWN = 5.0, 20
"""Between two signs of life: the runs are strewn over it, since how long a hang lasts depends on when it begins."""
TOML = """
[session]
keep = "always"
[microphone]
device = "silence"
[speaker]
device = "null"
"""
AT_ONCE = 2
"""Beside each other, of faults with hardly a wait in them: else what is measured is how busy this machine is."""
FAULTS = (
    ("process killed (SIGKILL)", signal.SIGKILL, AT_ONCE),
    ("process hangs as a whole (SIGSTOP)", signal.SIGSTOP, BESIDE),
    ("loop hangs, threads go on", breaking.LOOP_HANGS, BESIDE),
    ("capture thread hangs", breaking.CAPTURE_HANGS, BESIDE),
    ("playback thread hangs", breaking.PLAYBACK_HANGS, BESIDE),
    ("session driver crashes", breaking.MACHINE_CRASHES, AT_ONCE),
)


@contextlib.contextmanager
def _stage() -> Iterator[Machine]:
    """A machine, and on it a box that keeps a session with the embedded runner."""
    with tempfile.TemporaryDirectory(prefix="process-") as name, machine(Path(name)) as found:
        found.write(CONFIG, TOML)
        found.breakable()
        found.run("systemctl", "start", UNIT)
        _until_ready(found, 0.0)
        yield found


def _until_ready(box: Machine, since_s: float) -> list[dict[str, Any]]:
    """All that was told, once it has been ready after *since_s*."""
    told: list[dict[str, Any]] = []

    def ready() -> bool:
        told[:] = [json.loads(line) for line in box.read(breaking.TOLD).splitlines(keepends=True) if line[-1] == "\n"]
        return any(has(event, READY) and event["at_s"] > since_s for event in told)

    box.until(ready, "a session", LIMIT_S)
    return told


def _fault(number: signal.Signals | int, box: Machine, run: int) -> Lived:
    """*number* is sent to the process. It is back as counted from the end of that process."""
    time.sleep(run / RUNS_STREWN % 1 * LOOK_S)
    (process,) = box.show("MainPID")
    fault_s = time.monotonic()
    box.run("kill", f"-{int(number)}", process)
    told = _until_ready(box, fault_s)
    left_us, again_us = map(int, box.show("ActiveExitTimestampMonotonic", "ExecMainStartTimestampMonotonic"))
    left_s = left_us / 1e6
    assert fault_s < left_s < again_us / 1e6, "one process ended, and then another began"
    reason = next(event["reason"] for event in reversed(told) if event["type"] == "last_end")
    return replace(lived(told, fault_s, left_s, same_bot=False), noticed_s=left_s - fault_s, reason=reason)


def _play(number: signal.Signals | int, beside: int, times: int) -> Plays:
    return on_threads(times, _stage, partial(_fault, number), beside)


GROUP = Group("process", why_not, tuple(Row(name, partial(_play, number, beside)) for name, number, beside in FAULTS))
