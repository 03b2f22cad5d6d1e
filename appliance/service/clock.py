"""Tells when the time of day is set: a timer of the kernel's that is cancelled then (timerfd_create(2)).

By ctypes, as Python has it from 3.13 on only. Nothing is polled, and nothing but this knows the time of day.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import logging
import os
import time
from collections.abc import Callable

from appliance.service.owned_loop import call
from appliance.service.supervisor import Crashed
from appliance.session.events import ClockStepped, Event
from appliance.telling import tell

log = logging.getLogger("appliance")

_TFD_TIMER_ABSTIME = 1
_TFD_TIMER_CANCEL_ON_SET = 2
_NEVER_HERE = (errno.ENOSYS, errno.EINVAL, errno.EPERM)
"""Of a kernel, or a sandbox, without such timers. Anything else (no more descriptors) may pass."""
_NEVER = (1 << (8 * ctypes.sizeof(ctypes.c_long) - 1)) - 1
"""The last second that there is."""


class ClockWatch:
    """Loop only. *arm* makes the descriptor that can be read when the clock was set; it is for tests."""

    def __init__(self, arm: Callable[[], int] | None = None) -> None:
        self._arm = arm or _timer
        self._descriptor: int | None = None
        self._post: Callable[[Event], None] | None = None
        self._crashed: Crashed | None = None

    def start(self, post: Callable[[Event], None], crashed: Crashed) -> None:
        """Post `ClockStepped` whenever the clock is set. `close` is owed.

        *crashed* is told what went wrong with that, and nothing is watched any more: another `start` begins anew.
        """
        self._post, self._crashed = post, crashed
        try:
            self._descriptor = self._arm()
        except OSError as error:
            if error.errno in _NEVER_HERE:
                tell(log, logging.WARNING, "clock_unwatched", reason=error.strerror)
            else:
                crashed(error)
            return
        asyncio.get_running_loop().add_reader(self._descriptor, lambda: call(self._read, crashed=self._failed))

    def close(self) -> None:
        """Idempotent."""
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _read(self) -> None:
        assert self._descriptor is not None and self._post is not None
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ECANCELED:
                raise
            self._post(ClockStepped())  # and the timer runs on: it is cancelled anew each time
            return
        raise OSError(errno.EIO, "the last second that there is has come")

    def _failed(self, error: BaseException) -> None:
        assert self._crashed is not None
        self.close()  # else it would be read, and fail, again and again until the restart
        self._crashed(error)


def _timer() -> int:
    """A timer that never ends, and is cancelled when the clock is set. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.timerfd_create(time.CLOCK_REALTIME, os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    never = (ctypes.c_long * 4)(0, 0, _NEVER, 0)
    if libc.timerfd_settime(descriptor, _TFD_TIMER_ABSTIME | _TFD_TIMER_CANCEL_ON_SET, never, None) != 0:
        number = ctypes.get_errno()
        os.close(descriptor)
        raise OSError(number, os.strerror(number))
    return descriptor
