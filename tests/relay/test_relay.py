"""The relay in front of a runner, with a real client behind it; and its connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.correlate import find
from tests.relay.relay import Relay, relay
from tests.relay.sdp import address_of, led_to
from tests.runners import BOTH, Runner, runner
from tests.signals import WHOLE, Samples, words
from tests.witness import Witness, witness

SDP = """v=0
m=audio 4000 UDP/TLS/RTP/SAVPF 96
c=IN IP4 192.0.2.2
a=candidate:1 1 udp 2130706431 fd00::2 4001 typ host
a=candidate:2 1 tcp 2130706431 192.0.2.2 9 typ host
a=candidate:3 1 udp 2130706431 192.0.2.2 4000 typ host
a=candidate:4 1 udp 1694498815 198.51.100.1 4000 typ srflx raddr 192.0.2.2 rport 4000
a=end-of-candidates
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
a=mid:1
"""


def test_an_sdp_is_led_to_one_address_and_nowhere_else() -> None:
    assert address_of(SDP) == ("192.0.2.2", 4000)
    assert led_to(SDP, ("127.0.0.1", 5000)).splitlines() == [
        "v=0",
        "m=audio 5000 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 127.0.0.1",
        "a=candidate:3 1 udp 2130706431 127.0.0.1 5000 typ host",
        "a=end-of-candidates",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "a=mid:1",
    ]
    assert address_of("") is None


@contextlib.asynccontextmanager
async def relayed(bot: str = "echo", kind: str = "embedded") -> AsyncIterator[tuple[Runner, Relay, Witness]]:
    async with runner(kind, bot) as r:
        with relay(r.url) as network:
            async with witness(network.url) as client:
                yield r, network, client


@pytest.mark.parametrize("kind", BOTH)
async def test_a_conversation_goes_through_it_in_both_directions(kind: str) -> None:
    said = words(0.6)
    async with relayed(kind=kind) as (r, network, client):
        await client.ready()
        await client.turn(said)
        await client.until(lambda: found(client, said), "the answer")
        assert find(r.heard(), said)[1] > WHOLE
        assert network.counts("up").came > 30 < network.counts("down").came
        assert await client.probe() == 200, "PATCH is passed on"


def found(client: Witness, said: Samples) -> bool:
    heard = client.heard()
    return len(heard) > len(said) and find(heard, said)[1] > WHOLE


async def test_what_a_blackout_swallows_is_missing_and_the_rest_is_not() -> None:
    async with relayed("tone") as (_, network, client):
        await client.ready()
        await client.until(lambda: client.frames > 25, "the tone")
        assert network.counts("down").lost == 0
        network.blackout(0.4, "down")
        at = client.frames
        await client.until(lambda: client.frames > at + 25, "the tone again")
        assert network.counts("down").lost > 10
        assert network.counts("up").lost == 0


async def test_connections_are_refused_swallowed_cut_and_let_through_again() -> None:
    async with runner() as r, aiohttp.ClientSession() as http:
        with relay(r.url) as network:
            assert (await http.get(f"{network.url}/status")).status == 200
            network.http("refuse")
            network.cut_http()
            with pytest.raises(aiohttp.ClientConnectorError):
                await http.get(f"{network.url}/status")
            network.http("blackhole")
            waits = asyncio.create_task(http.get(f"{network.url}/status"))
            done, _ = await asyncio.wait([waits], timeout=0.2)
            assert not done, "nothing comes back"
            network.http("pass")
            assert (await waits).status == 200, "and then it does"
            network.http("blackhole")
            waits = asyncio.create_task(http.get(f"{network.url}/status"))
            await asyncio.wait([waits], timeout=0.1)
            network.cut_http()
            network.http("refuse")
            with pytest.raises(aiohttp.ClientError):
                await waits
            network.http("pass", delay_s=0.1)
            began_s = asyncio.get_running_loop().time()
            assert (await http.get(f"{network.url}/status")).status == 200
            assert asyncio.get_running_loop().time() - began_s >= 0.2, "there and back"


async def test_a_runner_that_is_not_there_is_not_there_through_it_either() -> None:
    async with aiohttp.ClientSession() as http:
        with relay("http://127.0.0.1:9") as network, pytest.raises(aiohttp.ClientError):
            await http.post(f"{network.url}/start", json={})
