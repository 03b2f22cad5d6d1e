"""Datagrams of a real connection through the relay: in order, late by what was asked, and from nobody else."""

from __future__ import annotations

import asyncio

import pytest

from tests.relay.line import Conditions, Line
from tests.relay.sdp import Address
from tests.relay.udp import HOST, open_way

COUNT = 50
DEADLINE_S = 10.0


class End(asyncio.DatagramProtocol):
    """Keeps what comes, with its time."""

    def __init__(self) -> None:
        self.came: list[tuple[float, bytes]] = []
        self.all_came = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.came.append((asyncio.get_running_loop().time(), data))
        if len(self.came) == COUNT:
            self.all_came.set()


@pytest.mark.parametrize("stalled", [False, True], ids=["late", "stalled"])
async def test_what_is_late_or_held_comes_in_order_and_not_too_early(stalled: bool) -> None:
    loop = asyncio.get_running_loop()
    up, down = Line(1), Line(2)
    way = await open_way(up, down)
    client, _ = await loop.create_datagram_endpoint(End, local_addr=(HOST, 0))
    stranger, _ = await loop.create_datagram_endpoint(End, local_addr=(HOST, 0))
    runner, heard = await loop.create_datagram_endpoint(End, local_addr=(HOST, 0))
    way.client.peer = client.get_extra_info("sockname")
    way.runner.peer = runner.get_extra_info("sockname")
    began_s = loop.time()
    if stalled:
        up.stall(began_s + 0.1)
    else:
        up.conditions = Conditions(delay_ms=100, jitter_ms=20)
    for number in range(COUNT):
        stranger.sendto(b"something else", way.client.address)
        client.sendto(bytes([number]), way.client.address)
    async with asyncio.timeout(DEADLINE_S):
        await heard.all_came.wait()
    assert [data[0] for _, data in heard.came] == list(range(COUNT))
    assert min(at_s for at_s, _ in heard.came) - began_s >= 0.1
    assert up.counts.came == COUNT and down.counts.came == 0
    for transport in (client, stranger, runner, way):
        transport.close()
