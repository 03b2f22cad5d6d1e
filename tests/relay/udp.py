"""The way of one connection's datagrams: a socket that is the runner to the client, and one that is the client to the
runner. What comes from anywhere else is passed over."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import socket
from typing import cast

from tests.relay.line import Line
from tests.relay.sdp import Address

HOST = "127.0.0.1"
EVERYTHING = 1 << 22
"""Bytes that a socket holds for us while we are not there."""


class Side(asyncio.DatagramProtocol):
    """One socket. What comes from its peer goes into *line*, and when it comes out, to the peer of the other side."""

    other: Side

    def __init__(self, line: Line) -> None:
        self.peer: Address | None = None
        self._line = line
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[float, int, bytes]] = []
        self._numbers = itertools.count()  # keeps the order of what comes out at the same time
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # in Python 3.11 it does not say so
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, EVERYTHING)

    @property
    def address(self) -> Address:
        host, port = self._transport.get_extra_info("sockname")
        return host, port

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if addr != self.peer:
            return
        for out_s in self._line.admit(self._loop.time(), data):
            heapq.heappush(self._waiting, (out_s, next(self._numbers), data))
        self._flush()

    def _flush(self) -> None:
        """Pass on what is due; wait for the rest."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._waiting[0][0] <= self._loop.time():
            self.other.send(heapq.heappop(self._waiting)[2])
        if self._waiting:
            self._timer = self._loop.call_at(self._waiting[0][0], self._flush)

    def send(self, data: bytes) -> None:
        """To the peer."""
        if self.peer is not None and not self._transport.is_closing():
            self._transport.sendto(data, self.peer)

    def error_received(self, exc: Exception) -> None:
        """Nobody is there any more: what a network has for that is silence."""

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()


class Way:
    """Both directions of one connection. Made by `open_way`; `close` is owed."""

    def __init__(self, up: Line, down: Line) -> None:
        self.client, self.runner = Side(up), Side(down)
        self.client.other, self.runner.other = self.runner, self.client

    def close(self) -> None:
        self.client.close()
        self.runner.close()


async def open_way(up: Line, down: Line) -> Way:
    """A way that is open and leads nowhere yet: `peer` of its sides says where."""
    way = Way(up, down)
    loop = asyncio.get_running_loop()
    for side in (way.client, way.runner):
        await loop.create_datagram_endpoint(lambda side=side: side, local_addr=(HOST, 0))  # type: ignore[misc]
    return way
