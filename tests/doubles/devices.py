"""Devices that a test drives period by period, with no clock in them."""

from __future__ import annotations

import queue

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.int16]

DEADLINE_S = 5.0


class ScriptedMicrophone:
    """`audio.ports.Microphone`: a read gets what the test has `give`n, and waits for it."""

    def __init__(self, rate_hz: int = 16_000) -> None:
        self.name = "scripted"
        self.rate_hz = rate_hz
        self.period_frames = rate_hz // 50
        self.xruns = 0
        self.opened = 0
        self.is_open = False
        self.open_error: Exception | None = None
        self._given: queue.Queue[Block | Exception] = queue.Queue()

    def give(self, *periods: Block | Exception) -> None:
        """Each is one period, or an error that its read raises."""
        for period in periods:
            self._given.put(period)

    def open(self) -> None:
        assert not self.is_open
        if self.open_error is not None:
            raise self.open_error
        self.opened += 1
        self.is_open = True

    def read(self, block: Block) -> None:
        assert self.is_open
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
        self.write_error: Exception | None = None
        self._written: queue.Queue[Block] = queue.Queue()
        self._taken: queue.Queue[None] = queue.Queue()

    def take(self) -> Block:
        """The next period that is written, which by this is played."""
        block = self._written.get(timeout=DEADLINE_S)
        self._taken.put(None)
        return block

    def open(self) -> None:
        assert not self.is_open
        if self.open_error is not None:
            raise self.open_error
        self.opened += 1
        self.is_open = True

    def write(self, block: Block) -> None:
        assert self.is_open
        if self.write_error is not None:
            raise self.write_error
        self._written.put(block.copy())
        self._taken.get(timeout=DEADLINE_S)

    def close(self) -> None:
        self.is_open = False
