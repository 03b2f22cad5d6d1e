"""The traces of failures on disk: few, small, and written beside everything else, for a card may take seconds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

from appliance.service.driver import Step
from appliance.service.trace import Trace
from appliance.session.state import Phase
from appliance.telling import tell
from appliance.units import Seconds

log = logging.getLogger("appliance")

FILES_MAX = 8
FILE_STEPS_MAX = 1024
"""About 200 bytes each: eight files are under 2 MB of a card that must last for years."""
LEAST_GAP_S: Seconds = 60.0
"""Somebody who presses again and again at a runner that refuses must not wear out the card."""


class TraceFiles:
    """An observer: what *trace* holds is left in *folder* when a failure comes to an end by itself or by us.

    The files are `trace-NUMBER-WHY.jsonl`, the latest `FILES_MAX` of them; the number counts on through restarts, for a
    board's clock may not. Event loop only. Without a folder nothing is written.
    """

    def __init__(self, trace: Trace, folder: Path | None) -> None:
        self._trace = trace
        self._folder = folder
        self._last_s: Seconds | None = None

    def __call__(self, step: Step) -> None:
        given_up = step.after.recovery.phase is Phase.GIVEN_UP is not step.before.recovery.phase
        if given_up and (self._last_s is None or step.at_s - self._last_s >= LEAST_GAP_S):
            self._last_s = step.at_s
            lines = self._trace.lines("given-up", FILE_STEPS_MAX)
            threading.Thread(target=self._write, args=("given-up", lines), name="trace", daemon=True).start()

    def crashed(self) -> None:
        """The process is about to end. Blocks."""
        self._write("crash", self._trace.lines("crash", FILE_STEPS_MAX))

    def _write(self, why: str, lines: Iterable[str]) -> None:
        if self._folder is None:
            return
        try:
            path = write(self._folder, why, lines)
        except OSError as error:
            tell(log, logging.WARNING, "trace_not_written", folder=str(self._folder), reason=str(error))
        else:
            tell(log, logging.INFO, "trace_written", path=str(path), why=why)


def write(folder: Path, why: str, lines: Iterable[str]) -> Path:
    """A new file in *folder*; the oldest make room for it. Raises `OSError`, and then leaves nothing behind."""
    found = sorted((number, path) for path in folder.glob("trace-*") if (number := _number(path)) is not None)
    for _, path in found[: max(len(found) - FILES_MAX + 1, 0)]:
        path.unlink(missing_ok=True)
    path = folder / f"trace-{found[-1][0] + 1 if found else 1}-{why}.jsonl"
    begun = path.with_suffix(".part")
    try:
        begun.write_text("".join(lines), encoding="utf-8")
        begun.rename(path)
    finally:
        begun.unlink(missing_ok=True)
    return path


def _number(path: Path) -> int | None:
    number = path.name.split("-")[1]
    return int(number) if number.isascii() and number.isdigit() else None
