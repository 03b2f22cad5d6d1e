"""How the process before this one ended, told by a file that outlives it: beside the control socket, gone at a reboot.

While a process runs the file says so. One that ends in order removes it, or leaves a reason there; one that was killed
leaves it as it was. systemd knows more of that than we do, and says it in a file of its own (`ExecStopPost=`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from appliance.errors import ApplianceError
from appliance.telling import tell

log = logging.getLogger("appliance")

RESULT: Final = "result"
"""systemd's own file, in the same folder: `$SERVICE_RESULT $EXIT_CODE $EXIT_STATUS`, see systemd.exec(5)."""
_SIZE_MAX: Final = 4096
_RESULTS = {
    "watchdog": "it hung, and the watchdog of systemd ended it",
    "oom-kill": "this machine ran out of memory",
    "timeout": "it did not start or stop in time, and systemd ended it",
}


class LastEnd:
    """Never raises: a full disk must not keep the appliance from working. *place*: the control socket's path."""

    def __init__(self, place: Path | None) -> None:
        self._path = None if place is None else place.with_name(f"{place.name}.end")
        self.reason: str | None = None
        """Why the process before this one ended, if it did not do so as it was told to."""
        self._kept: str | None = None

    def begin(self) -> None:
        """This process runs from now on."""
        if self._path is None:
            return
        left = _read(self._path)
        result = _read(self._path.with_name(RESULT)).split()
        with contextlib.suppress(OSError):
            self._path.with_name(RESULT).unlink(missing_ok=True)
        if left:
            self.reason = _reason(left, result)
            tell(log, logging.WARNING, "ended_before", reason=self.reason)
        self._write(None)

    def keep(self, reason: str) -> None:
        """This process is about to end for *reason*; the first one counts."""
        if self._kept is None:
            self._kept = reason
            self._write(reason)

    def leave(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """This process ends, by *error* or in order (an exit of a context); the next one learns what nobody foresaw."""
        if isinstance(error, Exception) and not isinstance(error, ApplianceError):
            self.keep(f"it failed: {type(error).__name__}: {error}")
        if self._path is not None and self._kept is None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _write(self, reason: str | None) -> None:
        if self._path is None:
            return
        said = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "pid": os.getpid(), "reason": reason}
        with contextlib.suppress(OSError):
            new = self._path.with_name(f"{self._path.name}.new")
            new.write_text(json.dumps(said))
            new.replace(self._path)


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_SIZE_MAX)
    except OSError:
        return ""


def _reason(left: str, result: list[str]) -> str:
    """In words for a person. *result*: of systemd, or nothing."""
    said: Any = None
    with contextlib.suppress(ValueError):
        said = json.loads(left)
    if isinstance(said, dict) and isinstance(said.get("reason"), str):
        return str(said["reason"])
    if result and result[0] in _RESULTS:
        return _RESULTS[result[0]]
    if len(result) == 3 and result[1] in ("killed", "dumped"):
        return f"it was killed (SIG{result[2]})"
    if len(result) == 3 and result[1] == "exited":
        return f"it ended with status {result[2]} and left no reason; look into the log"
    return "it was killed"
