"""What a client's process costs and sends, seen from inside it: CPU time, memory, and its connections' own counts."""

from __future__ import annotations

import contextlib
import cProfile
import functools
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aioice import Connection
from aiortc import RTCPeerConnection

FUNCTIONS = 15
"""Of a profile: what is behind them takes less than one in fifty each."""
UDP_BYTES = 28
"""Headers of UDP and IPv4, which belong to the traffic and not to the library's counts."""


@dataclass(slots=True)
class _Sent:
    packets: int = 0
    bytes: int = 0


_sent = _Sent()
_connections: weakref.WeakSet[RTCPeerConnection] = weakref.WeakSet()


def watch_connections() -> None:
    """From now on every connection that this process makes is counted, with what the library sends by it."""
    make: Callable[..., None] = RTCPeerConnection.__init__

    @functools.wraps(make)
    def watched(self: RTCPeerConnection, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        _connections.add(self)

    RTCPeerConnection.__init__ = watched  # type: ignore[method-assign]
    watch_sending(Connection)


def watch_sending(way: type[Any]) -> None:
    """From now on what goes out by the method `send` of *way* is counted. It is where every packet passes, whether or
    not the library counts it, and costs next to nothing."""
    send = way.send

    def counted(self: Any, data: bytes) -> Any:
        _sent.packets += 1
        _sent.bytes += len(data)
        return send(self, data)

    way.send = counted


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
    threads_percent: dict[str, float]
    """The same by threads of Python's: their names, and "loop" for the main one."""


class Meter:
    """Measures stretches, one after another."""

    async def begin(self) -> None:
        self._traffic = await _traffic()
        self._threads_s = _threads_s()
        self._at_s, self._cpu_s = time.monotonic(), time.process_time()

    async def end(self) -> dict[str, Any]:
        """The stretch since `begin`, as the fields of a `Phase`."""
        cpu_s, seconds = time.process_time() - self._cpu_s, time.monotonic() - self._at_s
        threads_s = {name: spent_s - self._threads_s.get(name, 0.0) for name, spent_s in _threads_s().items()}
        now = await _traffic()
        up, up_bytes, down, down_bytes = (after - before for after, before in zip(now, self._traffic, strict=True))
        phase = Phase(
            seconds=seconds,
            cpu_percent=100 * cpu_s / seconds,
            up_packets_s=up / seconds,
            up_kbit_s=(up_bytes + up * UDP_BYTES) * 8 / 1000 / seconds,
            down_packets_s=down / seconds,
            down_kbit_s=(down_bytes + down * UDP_BYTES) * 8 / 1000 / seconds,
            threads_percent={name: 100 * spent_s / seconds for name, spent_s in threads_s.items()},
        )
        return asdict(phase)


class Profiler:
    """What this thread does from now on, by its own time on a processor; the watching is in it."""

    def __init__(self) -> None:
        self._profile = cProfile.Profile(time.thread_time)
        self._at_s = time.monotonic()
        self._profile.enable()

    def end(self) -> list[dict[str, Any]]:
        """The functions that took most, without what they called, each with its share and its calls a second."""
        self._profile.disable()
        seconds = time.monotonic() - self._at_s
        entries = self._profile.getstats()
        spent_s = sum(entry.inlinetime for entry in entries)
        most = sorted(entries, key=lambda entry: -entry.inlinetime)[:FUNCTIONS]
        return [
            {
                "name": _name(entry.code),
                "percent": 100 * entry.inlinetime / spent_s,
                "calls_s": entry.callcount / seconds,
            }
            for entry in most
        ]


def _name(code: Any) -> str:
    """Of a function, as a person looks for it; of a built-in one, what it is called."""
    if isinstance(code, str):
        return code.strip("<>").removeprefix("built-in method ").removeprefix("method ")
    return f"{Path(code.co_filename).stem}.{code.co_qualname}"


def _threads_s() -> dict[str, float]:
    """Time on a processor of each thread so far."""
    spent_s: dict[str, float] = {}
    for thread in threading.enumerate():
        with contextlib.suppress(OSError):  # it has just ended
            stat = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text(encoding="ascii")
            name = "loop" if thread is threading.main_thread() else thread.name
            spent_s[name] = spent_s.get(name, 0.0) + int(stat.split()[0]) / 1e9
    return spent_s


def memory_mb() -> dict[str, float]:
    """Resident memory of this process, and its proportional share of what others have in use too."""
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines() if line.endswith("kB")}
    return {"rss": kilobytes["Rss"] / 1024, "pss": kilobytes["Pss"] / 1024}


async def _traffic() -> tuple[int, int, int, int]:
    """Packets and bytes out, packets and bytes in, of all connections that are up. DTLS, RTCP and SRTP; no ICE."""
    came, came_bytes = 0, 0
    for connection in list(_connections):
        if connection.connectionState != "connected":
            continue
        transports = [stats for stats in (await connection.getStats()).values() if stats.type == "transport"]
        for stats in {stats.id: stats for stats in transports}.values():
            came += stats.packetsReceived
            came_bytes += stats.bytesReceived
    return _sent.packets, _sent.bytes, came, came_bytes
