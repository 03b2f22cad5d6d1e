"""A control server in a thread of its own, for the synchronous client and the commands."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from appliance.control.server import ControlServer
from tests.doubles.appliance import FakeAppliance, FakeConfiguration

DEADLINE_S = 20.0


class Served:
    """The appliance served, and how a test does something on its loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.appliance = FakeAppliance()
        self.configuration = FakeConfiguration()
        self.server: ControlServer | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="served")

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """`function(...)` on the loop, and what it returns; awaited, if that is to be."""

        async def on_the_loop() -> Any:
            result = function(*args, **kwargs)
            return await result if asyncio.iscoroutine(result) else result

        return asyncio.run_coroutine_threadsafe(on_the_loop(), self._loop).result(DEADLINE_S)

    def say(self, **event: Any) -> None:
        self.call(self.appliance.say, **event)

    def start(self) -> None:
        self._thread.start()
        self.server = self.call(ControlServer, self.appliance, self.path, self.configuration)
        self.call(self.server.start)

    def stop(self) -> None:
        """Idempotent; the thread goes on."""
        if self.server is not None:
            self.call(self.server.stop)

    def close(self) -> None:
        try:
            self.stop()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(DEADLINE_S)
            self._loop.close()


@contextlib.contextmanager
def serving(path: Path) -> Iterator[Served]:
    served = Served(path)
    try:
        served.start()
        yield served
    finally:
        served.close()


class Raw:
    """A client that speaks bytes."""

    def __init__(self, path: Path) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(str(path))

    def ask(self, request: str, body: bytes = b"", **headers: str) -> None:
        lines = [
            f"{request} HTTP/1.1",
            "Host: x",
            *(f"{name.replace('_', '-')}: {text}" for name, text in headers.items()),
        ]
        if body and "Transfer_Encoding" not in headers and "Content_Length" not in headers:
            lines.append(f"Content-Length: {len(body)}")
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def until(self, text: bytes) -> bytes:
        """What comes, up to and with *text*; less if it ends before."""
        came = b""
        while text not in came and (more := self.sock.recv(65_536)):
            came += more
        return came

    def rest(self) -> bytes:
        """What comes until the end, however it comes about."""
        came = b""
        with contextlib.suppress(ConnectionResetError):
            while more := self.sock.recv(65_536):
                came += more
        return came

    def close(self) -> None:
        self.sock.close()


@contextlib.contextmanager
def raw(path: Path) -> Iterator[Raw]:
    client = Raw(path)
    try:
        yield client
    finally:
        client.close()
