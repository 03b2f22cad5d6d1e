"""The watchdog: systemd hears from it for as long as there is proof of life (`proof`), and not a moment longer.

Theory of operation. A timer of the loop looks a few times within what systemd allows. If the loop hangs, nobody looks,
and systemd ends the process. If something else is dead, systemd is told nothing; at the second look in a row without
proof the process is ended in order, with the reason, which is sooner and politer than to wait for systemd, and works
without one.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Final

from appliance.service.proof import Look, unproved
from appliance.telling import tell
from appliance.units import Seconds

log = logging.getLogger("appliance")

LOOKS: Final = 3
"""Within the time that systemd allows: a late look, or one that finds nothing, is not the end."""
INTERVAL_S: Final[Seconds] = 5.0
"""Where nobody allows anything."""
LATE_S: Final[Seconds] = 1.0
"""A loop so late was heard as a gap: packets wait for it."""


class HangError(RuntimeError):
    """Something of ours stands still. Only a new process helps."""


class Watchdog:
    """Event loop only. *hung* is told once what is dead. `close` is owed.

    *feed* is called while there is proof of life, if *allowed_s* says that somebody waits for that, and how long.
    """

    def __init__(
        self,
        look: Callable[[], Look],
        feed: Callable[[], None],
        hung: Callable[[str], None],
        *,
        allowed_s: Seconds | None,
    ) -> None:
        self._look = look
        self._feed = feed if allowed_s is not None else lambda: None
        self._hung = hung
        self._interval_s = INTERVAL_S if allowed_s is None else allowed_s / LOOKS
        self._loop = asyncio.get_running_loop()
        self._before: Look | None = None
        self._misses = 0
        self._due_s = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look now, and from now on."""
        self._due_s = self._loop.time()
        self._watch()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self) -> None:
        late_s = self._loop.time() - self._due_s
        if late_s > LATE_S:
            tell(log, logging.WARNING, "loop_late", late_s=round(late_s, 1))
        now = self._look()
        missing = None if self._before is None else unproved(self._before, now)
        self._before = now
        if missing is None:
            self._misses = 0
            self._feed()
        else:
            self._misses += 1
            tell(log, logging.ERROR, "no_sign_of_life", reason=missing)
            if self._misses == 2:
                self._hung(missing)
                return
        self._due_s = self._loop.time() + self._interval_s
        self._timer = self._loop.call_at(self._due_s, self._watch)


def allowed_s() -> Seconds | None:
    """How long systemd waits for a sign of life of this process (sd_watchdog_enabled(3)); None: it does not."""
    allowed, whom = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not allowed.isdecimal() or int(allowed) == 0 or whom not in ("", str(os.getpid())):
        return None
    return int(allowed) / 1e6
