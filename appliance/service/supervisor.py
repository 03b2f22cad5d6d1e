"""Everything that runs has an owner here: what crashes is logged with its trace and restarted, or ends the process.

Theory of operation. A part (a thread, the board, a watch) tells of its crash by the callback that `own` made for it,
from any thread. On the loop the restart is decided (`restarts`): after a growing wait, or, after too many in a window,
or for a part that cannot be restarted, not any more. Then the process ends in order, with a reason, and systemd makes a
new one. What no part owns (a library's task, a callback on the loop) is logged, and counts when it is our code
that failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.service.restarts import CRASHES_MAX, WINDOW_S, Restarts
from appliance.telling import tell

log = logging.getLogger("appliance")

Crashed = Callable[[BaseException], None]
GiveUp = Callable[[str, BaseException], None]
"""Told once: a sentence for a person, and what happened last."""

_OURS = str(Path(__file__).parents[1])


@dataclass(slots=True)
class _Part:
    restart: Callable[[], None] | None
    waits: asyncio.TimerHandle | None = None


class Supervisor:
    """Event loop only, but for the callbacks that it makes. `close` is owed. *restarted* is told a part's name."""

    def __init__(self, give_up: GiveUp, restarted: Callable[[str], None] = lambda name: None) -> None:
        self.restarts = 0
        """So far."""
        self._give_up = give_up
        self._restarted = restarted
        self._loop = asyncio.get_running_loop()
        self._policy = Restarts()
        self._parts: dict[str, _Part] = {}
        self._closed = False

    def own(self, name: str, restart: Callable[[], None] | None = None) -> Crashed:
        """What to call, on any thread, when *name* has crashed. *restart* is called on the loop; None: it cannot be."""
        self._parts[name] = _Part(restart)

        def crashed(error: BaseException) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: it has ended already
                self._loop.call_soon_threadsafe(self._crashed, name, error)

        return crashed

    def down(self, name: str) -> bool:
        """Whether *name* waits for its restart."""
        return self._parts[name].waits is not None

    def unowned(self, error: BaseException) -> None:
        """What the loop caught, and has logged."""
        if any(frame.filename.startswith(_OURS) for frame in traceback.extract_tb(error.__traceback__)):
            self._parts.setdefault("loop", _Part(lambda: None))
            self._crashed("loop", error)

    def close(self) -> None:
        """Restart nothing any more."""
        self._closed = True
        for part in self._parts.values():
            if part.waits is not None:
                part.waits.cancel()

    def _crashed(self, name: str, error: BaseException) -> None:
        if self._closed or self.down(name):
            return
        part, what = self._parts[name], f"{type(error).__name__}: {error}"
        wait_s = self._policy.crashed(self._loop.time())
        if part.restart is None or wait_s is None:
            times = "" if wait_s is not None else f", the last of more than {CRASHES_MAX} failures in {WINDOW_S:g} s"
            self._escalate(f"{name} failed{times}: {what}", error)
            return
        tell(log, logging.ERROR, "crashed", trace=error, name=name, restart_in_s=wait_s)
        part.waits = self._loop.call_later(wait_s, self._restart, name)

    def _restart(self, name: str) -> None:
        part = self._parts[name]
        assert part.restart is not None, "else none was planned"
        part.waits = None
        try:
            part.restart()
        except Exception as error:  # noqa: BLE001 - what a restart raises is one more crash
            self._crashed(name, error)
            return
        self.restarts += 1
        tell(log, logging.WARNING, "restarted", name=name)
        self._restarted(name)

    def _escalate(self, reason: str, error: BaseException) -> None:
        self.close()
        tell(log, logging.ERROR, "given_up", trace=error, reason=reason)
        self._give_up(reason, error)
