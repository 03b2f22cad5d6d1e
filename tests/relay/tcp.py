"""A relay for connections: late, refused, swallowed, or cut."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

from tests.relay.sdp import Address
from tests.relay.udp import HOST

Mode = Literal["pass", "refuse", "blackhole"]
PIECE_BYTES = 1 << 16


class TcpRelay:
    """Listens on a port of its own for what is meant for *target*. On one loop; `close` is owed."""

    def __init__(self, target: Address) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._port = 0
        self._passing = asyncio.Event()
        self._passing.set()
        self._delay_s = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> Address:
        """Listen; on the same port as before, if there was one."""
        self._server = await asyncio.start_server(self._serve, HOST, self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return HOST, self._port

    async def be(self, mode: Mode, delay_s: float = 0.0) -> None:
        """From now on: `refuse` connections, `blackhole` (take them, and pass nothing on until it is over), or pass
        everything, each piece *delay_s* late. What was connected stays so."""
        self._delay_s = delay_s
        if mode == "refuse" and self._server is not None:
            self._server.close()
            self._server = None
        elif mode != "refuse" and self._server is None:
            await self.start()
        if mode == "blackhole":
            self._passing.clear()
        else:
            self._passing.set()

    def cut(self) -> None:
        """End every connection, both ends, in the middle of a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        onward: asyncio.StreamWriter | None = None
        try:
            await self._passing.wait()
            back, onward = await asyncio.open_connection(*self._target)
            self._writers.add(onward)
            await asyncio.gather(self._pump(reader, onward), self._pump(back, writer))
        except OSError:
            pass  # one end is gone, and so is the other
        finally:
            self._tasks.discard(task)
            for one in (writer, onward):
                if one is not None:
                    self._writers.discard(one)
                    one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE_BYTES):
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            await self._passing.wait()
            writer.write(piece)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()
