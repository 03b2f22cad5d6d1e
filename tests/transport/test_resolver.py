"""Names on threads that nobody waits for."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from appliance.transport.resolver import DaemonResolver

INFO = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
LINK_LOCAL = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 7))


class SlowNames:
    """In place of `getaddrinfo`: answers when it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.asked: list[str] = []
        self.daemons: list[bool] = []

    def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        self.daemons.append(threading.current_thread().daemon)
        self.released.wait(10)
        return [INFO, LINK_LOCAL]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> SlowNames:
    slow = SlowNames()
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    return slow


async def test_addresses(names: SlowNames) -> None:
    names.released.set()
    found = await DaemonResolver().resolve("runner", 80)
    assert [(one["host"], one["port"], one["hostname"]) for one in found] == [
        ("127.0.0.1", 80, "runner"),
        ("fe80::1%7", 80, "runner"),
    ]
    assert names.daemons == [True]


async def test_a_name_being_looked_up_is_not_looked_up_again(names: SlowNames) -> None:
    resolver = DaemonResolver()
    given_up = asyncio.create_task(resolver.resolve("runner", 80))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    again = [asyncio.create_task(resolver.resolve("runner", 80)) for _ in range(3)]
    await asyncio.sleep(0)
    names.released.set()
    assert len({len(found) for found in await asyncio.gather(*again)}) == 1
    assert names.asked == ["runner"]
    await resolver.resolve("runner", 80)
    assert names.asked == ["runner", "runner"]


async def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(socket.gaierror):
        await DaemonResolver().resolve("no-such-runner.invalid", 80)
    with pytest.raises(OSError, match="not a host name"):
        await DaemonResolver().resolve("x" * 64 + ".invalid", 80)


def test_a_look_up_outlives_its_loop(names: SlowNames) -> None:
    async def give_up() -> None:
        asyncio.create_task(DaemonResolver().resolve("runner", 80))  # noqa: RUF006 - it is to be lost
        await asyncio.sleep(0)

    before = set(threading.enumerate())
    asyncio.run(give_up())
    left = set(threading.enumerate()) - before
    names.released.set()
    for thread in left:
        thread.join(10)
        assert not thread.is_alive()
    assert len(left) == 1
