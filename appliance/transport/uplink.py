"""Packets from the capture thread to the wire: the one place where the two meet.

`send` may come from any thread and wakes the loop at most once a call; the loop then sends all that waits in one go,
because wakes are what costs. Nothing is paced here: whoever sends faster than real time means it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from appliance.transport.counters import LinkCounters
from appliance.units import PACKET_MS

CAPACITY_PACKETS = 15_000 // PACKET_MS
"""15 s: longer than the longest backlog, so only a loop that stands still loses anything. The oldest go."""
PAYLOAD_BYTES_MAX = 1150
"""With headers and SRTP still under every usual MTU. 20 ms of Opus at its highest rate have 1275, at ours 60."""


class Wire(Protocol):
    """What sends one packet; see `aiortc_private.RtpWriter`."""

    def write(self, payload: bytes) -> bool: ...

    def report(self) -> None: ...


class UpLink:
    """One session's way out. Made closed; `open` once, `close` once or more, both on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, counters: LinkCounters) -> None:
        self._loop = loop
        self._counters = counters
        self._waiting: deque[bytes] = deque(maxlen=CAPACITY_PACKETS)
        self._wire: Wire | None = None
        self._woken = False

    def open(self, wire: Wire) -> None:
        """From now on packets are sent by *wire*."""
        self._wire = wire

    def close(self) -> None:
        """From now on packets are dropped, those that wait included."""
        self._wire = None
        self._flush()

    def send(self, packets: Sequence[bytes]) -> None:
        """Send *packets* of 20 ms, oldest first. Any thread; never blocks, never raises."""
        over = len(self._waiting) + len(packets) - CAPACITY_PACKETS
        if over > 0:
            self._counters.packets_unsent += over  # only while the loop stands still, so it does not count beside us
        self._waiting.extend(packets)
        if self._woken:
            return  # the loop has not come round since the last call, and will find these too
        self._woken = True
        try:
            self._loop.call_soon_threadsafe(self._flush)
        except RuntimeError:
            self._waiting.clear()  # the loop is closed: the process ends

    def _flush(self) -> None:
        self._woken = False  # before looking: what comes from now on wakes the loop again
        waiting, wire, counters = self._waiting, self._wire, self._counters
        sent = counters.packets_sent
        while waiting:
            payload = waiting.popleft()
            if wire is not None and 0 < len(payload) <= PAYLOAD_BYTES_MAX and wire.write(payload):
                counters.packets_sent += 1
                counters.bytes_sent += len(payload)
            else:
                counters.packets_unsent += 1
        if wire is not None and counters.packets_sent > sent:
            wire.report()
