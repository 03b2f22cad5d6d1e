"""What a client's process costs and sends, seen from inside it: CPU time, memory, and its connections' own counts."""

from __future__ import annotations

import functools
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiortc import RTCPeerConnection

UDP_BYTES = 28
"""Headers of UDP and IPv4, which belong to the traffic and not to the library's counts."""

_connections: weakref.WeakSet[RTCPeerConnection] = weakref.WeakSet()


def watch_connections() -> None:
    """From now on every connection that this process makes is counted. Costs nothing afterwards."""
    make: Callable[..., None] = RTCPeerConnection.__init__

    @functools.wraps(make)
    def watched(self: RTCPeerConnection, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        _connections.add(self)

    RTCPeerConnection.__init__ = watched  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of a conversation."""

    seconds: float
    cpu_percent: float
    """User and system time of all threads, of one core."""
    up_packets_s: float
    up_kbit_s: float
    down_packets_s: float
    down_kbit_s: float


class Meter:
    """Measures stretches, one after another."""

    async def begin(self) -> None:
        self._traffic = await _traffic()
        self._at_s, self._cpu_s = time.monotonic(), time.process_time()

    async def end(self) -> dict[str, float]:
        """The stretch since `begin`, as the fields of a `Phase`."""
        cpu_s, seconds = time.process_time() - self._cpu_s, time.monotonic() - self._at_s
        now = await _traffic()
        up, up_bytes, down, down_bytes = (after - before for after, before in zip(now, self._traffic, strict=True))
        phase = Phase(
            seconds=seconds,
            cpu_percent=100 * cpu_s / seconds,
            up_packets_s=up / seconds,
            up_kbit_s=(up_bytes + up * UDP_BYTES) * 8 / 1000 / seconds,
            down_packets_s=down / seconds,
            down_kbit_s=(down_bytes + down * UDP_BYTES) * 8 / 1000 / seconds,
        )
        return asdict(phase)


def memory_mb() -> dict[str, float]:
    """Resident memory of this process, and its proportional share of what others have in use too."""
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines() if line.endswith("kB")}
    return {"rss": kilobytes["Rss"] / 1024, "pss": kilobytes["Pss"] / 1024}


async def _traffic() -> tuple[int, int, int, int]:
    """Packets and bytes out, packets and bytes in, of all connections that are up. DTLS, RTCP and SRTP; no ICE."""
    sums = [0, 0, 0, 0]
    for connection in list(_connections):
        if connection.connectionState != "connected":
            continue
        transports = [stats for stats in (await connection.getStats()).values() if stats.type == "transport"]
        for stats in {stats.id: stats for stats in transports}.values():
            sums[0] += stats.packetsSent
            sums[1] += stats.bytesSent
            sums[2] += stats.packetsReceived
            sums[3] += stats.bytesReceived
    return sums[0], sums[1], sums[2], sums[3]
