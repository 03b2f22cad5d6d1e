"""The whole appliance with a runner that breaks below HTTP: connections that freeze, break or drip, names that flap."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from appliance.session.events import ClockStepped, NetworkChanged, StartAsked
from tests.box import box, settings
from tests.conversation.failing import LONG_S, RETRYING, SHORT, at, failed, recovers
from tests.runners import free_port

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: a close is a reset."""


async def _says_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(1000):
        pass


async def _resets_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


async def _resets_the_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await _resets_at_once(reader, writer)


async def _hears_on_but_says_no_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write_eof()
    await _says_nothing(reader, writer)


async def _ends_in_mid_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(HEAD + b'{"sessionId"')


async def _freezes_in_mid_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _ends_in_mid_answer(reader, writer)
    await _says_nothing(reader, writer)


async def _drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(HEAD)
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)  # a slow line


LATE = ("did not answer the start request within 0.3 s", "the runner", "[session] start_timeout_s")
BROKEN = ("/start closed the connection without a full answer", "did the runner end?")

BROKEN_WIRES: dict[str, tuple[Handler, tuple[str, ...]]] = {
    "says nothing": (_says_nothing, LATE),
    "freezes in mid-answer": (_freezes_in_mid_answer, LATE),
    "drips": (_drips, LATE),
    "resets at once": (_resets_at_once, BROKEN),
    "resets the request": (_resets_the_request, BROKEN),
    "hears on but says no more": (_hears_on_but_says_no_more, BROKEN),
    "ends in mid-answer": (_ends_in_mid_answer, BROKEN),
}


@contextlib.asynccontextmanager
async def wire(port: int, handler: Handler) -> AsyncIterator[None]:
    """A TCP server on loopback that gives every connection to *handler*, and closes it behind it."""
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


@pytest.mark.parametrize("name", BROKEN_WIRES)
async def test_a_wire_that_breaks(caplog: pytest.LogCaptureFixture, tmp_path: Path, name: str) -> None:
    handler, telling = BROKEN_WIRES[name]
    port = free_port()
    async with box(settings(f"http://127.0.0.1:{port}", tmp_path, first_wait_s=LONG_S, **SHORT)) as b:
        async with wire(port, handler):
            await failed(b, caplog, RETRYING, *telling)
        async with at(port, "echo"):
            await recovers(b)


async def test_tls_that_is_never_agreed_on(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    port = free_port()
    chosen = settings(f"https://127.0.0.1:{port}", tmp_path, first_wait_s=LONG_S, **SHORT)
    async with box(chosen) as b, wire(port, _says_nothing):
        await failed(b, caplog, RETRYING, *LATE)


@contextlib.contextmanager
def full(port: int) -> Iterator[None]:
    """A port at which connections are neither taken nor refused, as when a packet filter drops them."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(4):  # more than the kernel holds for a backlog of none
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield


async def test_nobody_answers_the_connection(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    port = free_port()
    async with box(settings(f"http://127.0.0.1:{port}", tmp_path, first_wait_s=LONG_S, **SHORT)) as b:
        with full(port):
            await failed(b, caplog, RETRYING, *LATE)
        async with at(port, "echo"):
            await recovers(b)


# --- names


class Names:
    """The name servers of a network that comes and goes: each look-up takes the next answer, the last one for ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str | int) -> None:
        self._answers = list(answers)
        self._ask = socket.getaddrinfo
        self.asked = 0
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "runner.test":
            return self._ask(host, *args, **kwargs)
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, int):
            raise socket.gaierror(answer, "no answer")
        return self._ask(answer, *args, **kwargs)


async def test_names_that_flap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody to ask, no such name, an address of nobody, and the right one: each dial asks anew, and the last is it."""
    names = Names(monkeypatch, socket.EAI_AGAIN, socket.EAI_NONAME, "127.0.0.9", "127.0.0.1")
    async with at(port := free_port(), "echo"), box(settings(f"http://runner.test:{port}", tmp_path)) as b:
        b.tap("session")
        await b.ready()
        phases = [phase for phase, _ in groupby(b.told("recovery", "phase")) if phase != "none"]
        assert phases == ["waiting", "retrying", "retrying"]
        assert names.asked == 4
        assert b.status["recovery"]["reason"] is None


async def test_names_come_back_with_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the waits have become, a network that changes is worth a dial."""
    Names(monkeypatch, socket.EAI_AGAIN, "127.0.0.1")
    chosen = settings(f"http://runner.test:{(port := free_port())}", tmp_path, first_wait_s=LONG_S)
    async with at(port, "echo"), box(chosen) as b:
        b.appliance.post(StartAsked())
        recovery = await b.until(type="recovery")
        assert (recovery["waiting_for"], recovery["retry_in_s"] > LONG_S / 3) == ("network", True)
        b.appliance.post(ClockStepped())
        assert b.status["recovery"]["retry_in_s"] > LONG_S / 3, "a clock is not what it waits for"
        b.appliance.post(NetworkChanged(way=True))
        await b.ready()


async def test_a_runner_that_moves_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, "127.0.0.1", "127.0.0.2")
    port = free_port()
    async with box(settings(f"http://runner.test:{port}", tmp_path)) as b:
        async with at(port, "echo"):
            b.tap("session")
            await b.ready()
            assert b.status["counters"]["sessions"] == 1
            await b.hang_up()
        async with at(port, "echo", host="127.0.0.2"):
            b.tap("session")
            await b.ready()
