"""Devices that a test drives period by period, with no clock in them."""

from __future__ import annotations

import queue
import threading

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.int16]

DEADLINE_S = 5.0


class ScriptedMicrophone:
    """`audio.ports.Microphone`: a read gets what the test has `give`n, and waits for it."""

    def __init__(self, rate_hz: int = 16_000, latency_s: float = 0.0) -> None:
        self.name = "scripted"
        self.rate_hz = rate_hz
        self.period_frames = rate_hz // 50
        self.latency_s = latency_s
        self.live = True
        self.xruns = 0
        self.opened = 0
        self.is_open = False
        self.open_error: Exception | None = None
        self.look_error: Exception | None = None
        self._given: queue.Queue[Block | Exception] = queue.Queue()
        self._hungry = threading.Event()
        self._lock = threading.Lock()

    def give(self, *periods: Block | Exception) -> None:
        """Each is one period, or an error that its read raises."""
        with self._lock:
            self._hungry.clear()
            for period in periods:
                self._given.put(period)

    def wait_until_read(self) -> None:
        """Until all that was given has been read, and the next read waits."""
        assert self._hungry.wait(DEADLINE_S)

    def look(self) -> None:
        assert not self.is_open
        if self.look_error is not None:
            raise self.look_error

    def check(self) -> None:
        assert not self.is_open
        if self.open_error is not None:
            raise self.open_error

    def open(self) -> None:
        self.check()
        self.opened += 1
        self.is_open = True

    def read(self, block: Block) -> None:
        assert self.is_open
        with self._lock:
            if self._given.empty():
                self._hungry.set()
        given = self._given.get(timeout=DEADLINE_S)
        if isinstance(given, Exception):
            raise given
        block[:] = given

    def close(self) -> None:
        self.is_open = False


class ScriptedSpeaker:
    """`audio.ports.Speaker`: each write waits until the test `take`s it."""

    def __init__(self, rate_hz: int = 16_000, latency_s: float = 0.0) -> None:
        self.name = "scripted"
        self.rate_hz = rate_hz
        self.period_frames = rate_hz // 50
        self.latency_s = latency_s
        self.xruns = 0
        self.opened = 0
        self.is_open = False
        self.open_error: Exception | None = None
        self.look_error: Exception | None = None
        self._tried = threading.Event()
        self.write_error: Exception | None = None
        self._written: queue.Queue[Block] = queue.Queue()
        self._taken = threading.Semaphore(0)
        self._released = threading.Event()
        self.periods = 0

    def take(self) -> Block:
        """The next period that is written, which by this is played."""
        block = self._written.get(timeout=DEADLINE_S)
        self._taken.release()
        return block

    def fail_to_open(self, error: Exception) -> threading.Event:
        """Openings raise *error*; what is returned is set by the first."""
        self.open_error, self._tried = error, threading.Event()
        return self._tried

    def fail(self, error: Exception) -> None:
        """The next write raises *error*, as do all after it; one that waits passes."""
        self.write_error = error
        self._taken.release()

    def release(self) -> None:
        """Let all writes pass from now on, and the one that waits."""
        self._released.set()
        self._taken.release()

    def look(self) -> None:
        assert not self.is_open
        if self.look_error is not None:
            raise self.look_error

    def check(self) -> None:
        assert not self.is_open
        if self.open_error is not None:
            self._tried.set()
            raise self.open_error

    def open(self) -> None:
        self.check()
        self.opened += 1
        self.is_open = True

    def write(self, block: Block) -> None:
        assert self.is_open
        if self.write_error is not None:
            raise self.write_error
        self.periods += 1
        self._written.put(block.copy())
        if not self._released.is_set():
            assert self._taken.acquire(timeout=DEADLINE_S)

    def close(self) -> None:
        self.is_open = False
