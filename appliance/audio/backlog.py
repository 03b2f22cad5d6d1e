"""A bounded ring of captured periods, allocated once: what was said and has not been sent. Pure.

When it is full the oldest period goes, because what was said last is what a person remembers having said. It belongs to
one thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from appliance.units import PACKET_MS, Frames, Millis, Seconds

if TYPE_CHECKING:
    from appliance.session.media import Block


class Backlog:
    """Room for *capacity_s* of periods of *period_frames* samples, at least one."""

    def __init__(self, capacity_s: Seconds, period_frames: Frames) -> None:
        self._capacity = max(1, round(capacity_s * 1000 / PACKET_MS))
        self._ring = np.zeros((self._capacity, period_frames), np.int16)
        self._oldest = 0
        self._length = 0

    def push(self, block: Block) -> bool:
        """Copy *block* in behind the others. False: it was full, and the oldest has gone for it."""
        full = self._length == self._capacity
        if full:
            self._oldest = (self._oldest + 1) % self._capacity
            self._length -= 1
        np.copyto(self._ring[(self._oldest + self._length) % self._capacity], block)
        self._length += 1
        return not full

    def pop(self) -> Block:
        """Take out the oldest. It is a view, valid until the next `push`. Raises `IndexError` when there is none."""
        if not self._length:
            raise IndexError("the backlog is empty")
        block: Block = self._ring[self._oldest]
        self._oldest = (self._oldest + 1) % self._capacity
        self._length -= 1
        return block

    def clear(self) -> int:
        """Forget all; returns how many periods that were."""
        length, self._length = self._length, 0
        return length

    def __len__(self) -> int:
        return self._length

    @property
    def kept_ms(self) -> Millis:
        return self._length * PACKET_MS
