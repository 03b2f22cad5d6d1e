"""A relay in front of a runner, on a thread and a loop of its own, and the hands that change it while it runs.

with relay(runner.url) as r:
    ... a client of r.url ...
    r.set("up", loss=0.05)
    r.blackout(3.0)
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Literal, TypeVar

from tests.relay.line import Conditions, Counts, Line
from tests.relay.tcp import Mode, TcpRelay
from tests.relay.web import WebRelay

Direction = Literal["up", "down", "both"]
DEADLINE_S = 5.0

_T = TypeVar("_T")


class Relay:
    """One client's network. Its methods are for any thread but its own; what they ask for holds when they return."""

    def __init__(self, target: str, loop: asyncio.AbstractEventLoop, seed: int) -> None:
        self._loop = loop
        self._lines = {"up": Line(seed), "down": Line(seed + 1)}
        self._web = WebRelay(target, self._lines["up"], self._lines["down"])
        self.url = ""
        """What stands for the runner's base."""

    async def start(self) -> None:
        self._tcp = TcpRelay(await self._web.start())
        self.url = "http://{}:{}".format(*await self._tcp.start())

    async def close(self) -> None:
        await self._tcp.close()
        await self._web.close()

    def set(self, direction: Direction, **conditions: float) -> None:
        """From now on *direction* is as `line.Conditions` has it; what is not named is clean."""
        chosen = Conditions(**conditions)

        def change(line: Line, _now_s: float) -> None:
            line.conditions = chosen

        self._do(direction, change)

    def blackout(self, for_s: float, direction: Direction = "both") -> None:
        """Lose every datagram for so long."""
        self._do(direction, lambda line, now_s: line.blackout(now_s + for_s))

    def stall(self, for_s: float, direction: Direction = "both") -> None:
        """Hold every datagram for so long, then let all of them go at once."""
        self._do(direction, lambda line, now_s: line.stall(now_s + for_s))

    def lose_sound(self, count: int, direction: Direction) -> None:
        """Lose the next *count* packets of sound."""
        self._do(direction, lambda line, _now_s: line.lose_sound(count))

    def http(self, mode: Mode, delay_s: float = 0.0) -> None:
        """From now on connections are so; see `TcpRelay.be`."""
        _wait(self._loop, self._tcp.be(mode, delay_s))

    def cut_http(self) -> None:
        """End the connections that there are."""
        self._in_loop(self._tcp.cut)

    @property
    def sessions(self) -> list[str]:
        """Ids of the sessions that connections were offered for, oldest first."""
        return self._web.sessions

    def counts(self, direction: Literal["up", "down"]) -> Counts:
        return self._lines[direction].counts

    def _do(self, direction: Direction, change: Callable[[Line, float], None]) -> None:
        chosen = self._lines.values() if direction == "both" else [self._lines[direction]]

        def do() -> None:
            for line in chosen:
                change(line, self._loop.time())

        self._in_loop(do)

    def _in_loop(self, call: Callable[[], None]) -> None:
        async def do() -> None:
            call()

        _wait(self._loop, do())


def _wait(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, _T]) -> _T:
    return asyncio.run_coroutine_threadsafe(work, loop).result(DEADLINE_S)


@contextlib.contextmanager
def relays(targets: Sequence[str], seed: int = 1) -> Iterator[list[Relay]]:
    """A relay in front of each of the runners *targets*, all on one thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="relay")
    thread.start()
    found = [Relay(target, loop, seed + 2 * number) for number, target in enumerate(targets)]
    started: list[Relay] = []
    try:
        for one in found:
            _wait(loop, one.start())
            started.append(one)
        yield found
    finally:
        for one in started:
            _wait(loop, one.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextlib.contextmanager
def relay(target: str, seed: int = 1) -> Iterator[Relay]:
    """A relay in front of the runner with the base URL *target*."""
    with relays([target], seed) as [one]:
        yield one
