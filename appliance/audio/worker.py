"""A thread of a sound road: open to commands between two periods, never dead in silence, and begun anew after a crash.

Commands come from the event loop and never make it wait: they are queued, and the thread serves them in order before
its next period. What the thread does in a period is a subclass's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from appliance.telling import tell
from appliance.units import Seconds

log = logging.getLogger(__name__)

Clock = Callable[[], Seconds]
Crashed = Callable[[BaseException], None]
"""Told of what nobody foresaw, on the thread that ends by it, or on the one that waits for it in vain: `restart` is
owed. Must not block."""

QUEUE_MAX: Final = 256
"""Commands, which come at a person's pace: so many mean that the thread hangs in its device."""

OVERSLEPT_S: Final[Seconds] = 1.0
"""A thread that waits for longer than it meant to hangs; on a machine that is busy it comes late."""
ENDS_WITHIN_S: Final[Seconds] = 0.1
"""For a thread whose last act was to tell of its crash."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """A sign of life: of two that are not `resting`, the later has more `turns`, if the thread lives."""

    turns: int
    resting: bool
    """It waits for a command, and there is none, or for a time that has not come."""


class Worker:
    """A named thread with a queue of commands. Methods without underscore: any thread."""

    def __init__(self, name: str, crashed: Crashed, clock: Clock = time.monotonic) -> None:
        self._thread = self._new_thread(name)
        self._crashed = crashed
        self._clock = clock
        self._condition = threading.Condition()
        self._commands: deque[Callable[[], None]] = deque(maxlen=QUEUE_MAX)
        self._stopping = False
        self._turns = 0
        self._resting = False
        self._rests_until_s: Seconds | None = None

    def start(self) -> None:
        """Once."""
        self._thread.start()

    def restart(self) -> None:
        """A new thread in the place of one that crashed, with nothing to do: what it had been told is forgotten.

        Raises `RuntimeError` when the old one has not ended: it hangs, and nothing can end it but the process.
        """
        self._thread.join(ENDS_WITHIN_S)
        if self._thread.is_alive():
            raise RuntimeError(f"the thread {self._thread.name} hangs")
        with self._condition:
            self._commands.clear()
        self._renew()
        self._thread = self._new_thread(self._thread.name)
        self._thread.start()

    @property
    def pulse(self) -> Pulse:
        until_s = self._rests_until_s
        overslept = until_s is not None and self._clock() >= until_s + OVERSLEPT_S
        return Pulse(self._turns, self._resting and not self._commands and not overslept)

    def stop(self, timeout_s: Seconds) -> bool:
        """End the thread after its present period, its device closed; wait for that. False: it hangs."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.ident is not None:  # else it was never started
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _post(self, command: Callable[[], None]) -> None:
        """Have the thread call *command* before its next period."""
        with self._condition:
            full = len(self._commands) == QUEUE_MAX
            if not full:
                self._commands.append(command)
                self._condition.notify()
        if full and not self._stopping:
            self._crashed(RuntimeError(f"the thread {self._thread.name} has not answered {QUEUE_MAX} commands"))

    def _wait(self, until_s: Seconds | None) -> None:
        """Sleep until there is a command or a stop, or until *until_s*. The thread's own."""
        with self._condition:
            self._resting, self._rests_until_s = True, until_s
            while not self._commands and not self._stopping:
                left_s = None if until_s is None else until_s - self._clock()
                if left_s is not None and left_s <= 0:
                    break
                self._condition.wait(left_s)
            self._resting = False

    def _main(self) -> None:
        try:
            try:
                while not self._stopping:
                    self._turns += 1
                    self._serve()
                    self._period()
            finally:
                self._end()
        except BaseException as error:  # noqa: BLE001 - nothing is above it on this thread: a dead road must not go unnoticed
            tell(log, logging.ERROR, "thread_crashed", trace=error, name=self._thread.name)
            self._crashed(error)

    def _new_thread(self, name: str) -> threading.Thread:
        return threading.Thread(target=self._main, name=name, daemon=True)  # if it hangs, the process can end

    def _serve(self) -> None:
        while self._commands:
            self._commands.popleft()()

    def _period(self) -> None:
        """Do one period's work, or wait for the next reason to."""
        raise NotImplementedError

    def _end(self) -> None:
        """Let go of everything."""
        raise NotImplementedError

    def _renew(self) -> None:
        """Be as new, for a new thread. No thread of ours runs."""
        raise NotImplementedError
