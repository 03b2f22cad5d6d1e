"""Whole sessions against the embedded runner: real HTTP, ICE, DTLS, SCTP and RTP on this machine."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aioice import stun

from appliance.runner.server import EmbeddedRunner
from appliance.session.events import (
    AttemptFailed,
    BotError,
    BotLeft,
    BotReady,
    BotStarted,
    Connected,
    ConnectionLost,
    OfferAnswered,
    Reply,
)
from appliance.session.failure import Kind
from appliance.session.media import Care
from appliance.transport.aiortc_private import addresses
from appliance.transport.attempt import WebRtcSession
from appliance.transport.peer import Peer
from appliance.transport.port import Session, Transport
from appliance.transport.settings import IceServer
from appliance.transport.signalling import Signalling
from appliance.transport.smallwebrtc import SmallWebRtc
from tests.leftovers import Open, settled
from tests.transport.helpers import SILENCE, SPOKEN, Dial, serve, settings


@asynccontextmanager
async def runner(bot: str) -> AsyncIterator[EmbeddedRunner]:
    one = EmbeddedRunner(bot=bot)
    one.url = await one.start()  # type: ignore[attr-defined]
    try:
        yield one
    finally:
        await one.stop()


@asynccontextmanager
async def dial(bot: str, **changes: Any) -> AsyncIterator[tuple[Dial, EmbeddedRunner]]:
    async with runner(bot) as one:
        call = Dial(SmallWebRtc(settings(one.url, **changes)))  # type: ignore[attr-defined]
        try:
            yield call, one
        finally:
            await call.end()


async def ready(call: Dial) -> Reply:
    """Start, connect, and wait for the bot."""
    call.session.start()
    reply = (await call.expect(BotStarted)).reply
    call.session.connect(reply)
    await call.expect(BotReady)
    return reply


def test_the_ports_are_kept() -> None:
    transport: Transport = SmallWebRtc(settings("http://h"))
    session: type[Session] = WebRtcSession
    assert transport
    assert session


async def test_a_conversation() -> None:
    async with dial("echo", request_data={"who": "me"}) as (call, one):
        await ready(call)
        assert call.names() == ["BotStarted", "OfferAnswered", "Connected", "BotReady"]
        assert one.seen.request_data == {"who": "me"}
        call.session.send_turn("start")
        call.session.link.send([SPOKEN] * 3, Care.SAFE)
        call.session.link.send([SILENCE], Care.LOOSE)
        await call.until(lambda: len(call.packets) >= 3)
        call.session.leave()
        call.session.leave()
        await call.expect(BotLeft)
        # The bot's end of the connection closes by itself; what to make of that is not ours to say.
        await call.expect(ConnectionLost)
        assert call.names()[-2:] == ["BotLeft", "ConnectionLost"]
        counters = call.session.counters
        assert (counters.packets_sent, counters.packets_unsent) == (4, 0)
        assert counters.bytes_sent == 3 * len(SPOKEN) + len(SILENCE)
        assert counters.packets_received >= 3
        assert counters.pings >= 1
        assert counters.messages["peerLeft"] == 1
        sequences = [sequence for sequence, _, _ in call.packets]
        assert [(one - sequences[0]) & 0xFFFF for one in sequences] == list(range(len(sequences)))
        assert one.seen.malformed == 0


async def test_packets_arrive_contiguous_and_are_reported() -> None:
    """What the other end's RTP statistics say of ours, and that ours go on working beside the tap."""
    async with dial("tone") as (call, one):
        await ready(call)
        call.session.link.send([SPOKEN] * 25, Care.SAFE)
        await call.until(lambda: len(call.packets) >= 10)
        (theirs,) = one._sessions._peers
        stats = await theirs._pc.getStats()
        inbound = next(report for report in stats.values() if report.type == "inbound-rtp")
        assert (inbound.packetsReceived, inbound.packetsLost) == (25, 0)
        ours = await call.session._lines[-1].peer._connection.getStats()
        outbound = next(report for report in ours.values() if report.type == "outbound-rtp")
        received = next(report for report in ours.values() if report.type == "inbound-rtp")
        assert (outbound.packetsSent, outbound.bytesSent) == (25, 25 * len(SPOKEN))
        assert received.packetsReceived >= 10


async def test_direct_parameters() -> None:
    async with dial("greeting", request_data={"who": "me"}) as (call, one):
        call.session.connect(None)
        await call.expect(BotReady)
        assert call.names() == ["OfferAnswered", "Connected", "BotReady"]
        assert (one.seen.starts, one.seen.request_data) == (0, {"who": "me"})


async def test_a_session_can_be_connected_by_another_object_later() -> None:
    async with dial("echo") as (call, one):
        call.session.start()
        reply = (await call.expect(BotStarted)).reply
        later = Dial(SmallWebRtc(settings(one.url)), attempt=2)  # type: ignore[attr-defined]
        later.session.connect(dict(reply))
        assert (await later.expect(BotReady)).attempt == 2
        await later.end()


@pytest.mark.parametrize(
    ("bot", "kind", "said"),
    [
        ("refuses:401", Kind.STATUS, "answered 401"),
        ("refuses:503,7", Kind.STATUS, "answered 503"),
        ("refuses-offer:500", Kind.STATUS, "answered 500"),
        ("nonsense:html", Kind.NONSENSE, "captive portal"),
        ("nonsense:list", Kind.NONSENSE, "a list"),
        ("nonsense:null", Kind.NONSENSE, "null"),
        ("nonsense:empty-sdp", Kind.NONSENSE, "an empty SDP"),
        ("nonsense:no-audio", Kind.NONSENSE, "without audio"),
        ("nonsense:wrong-session", Kind.STATUS, "answered 404"),
        ("nonsense:redirect", Kind.REDIRECT, "points elsewhere"),
    ],
)
async def test_a_runner_that_is_no_use(bot: str, kind: Kind, said: str) -> None:
    async with dial(bot) as (call, _):
        call.session.start()
        await call.until(lambda: bool(call.events))
        if isinstance(call.events[0], BotStarted):
            call.session.connect(call.events[0].reply)
        failure = await call.failure()
        assert failure.kind is kind
        assert said in failure.message
        assert failure.retry_after_s == (7 if "7" in bot else None)
        await call.session.wait_closed()
        assert isinstance(call.events[-1], AttemptFailed)


async def test_a_fatal_error_and_the_end_that_follows() -> None:
    async with dial("fatal:0") as (call, _):
        await ready(call)
        assert (await call.expect(BotError)).fatal
        await call.expect(ConnectionLost)
        assert call.names()[-3:] == ["BotError", "BotLeft", "ConnectionLost"]


async def test_bad_messages_are_counted_and_change_nothing() -> None:
    async with dial("nonsense:bad-rtvi") as (call, _):
        await ready(call)
        call.session.link.send([SPOKEN], Care.SAFE)
        await call.until(lambda: len(call.packets) >= 3)
        counters = call.session.counters
        assert counters.messages_malformed > 10
        assert counters.messages_unknown > 1
        assert not [event for event in call.events if isinstance(event, BotError) and event.fatal]
        assert call.names()[-1] != "AttemptFailed"


async def test_a_runner_that_goes_away() -> None:
    async with dial("tone") as (call, one):
        await ready(call)
        await one.stop()
        await call.expect(ConnectionLost)


@pytest.mark.parametrize("hanging", ["/start", "/sessions/s/api/offer"])
async def test_close_ends_a_request_that_hangs_without_a_word(hanging: str) -> None:
    asked, given_up = asyncio.Event(), asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        if request.path != hanging:
            return web.json_response({"sessionId": "s"})
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        raise AssertionError

    async with serve(handler) as url:
        call = Dial(SmallWebRtc(settings(url)))
        call.session.start()
        if hanging != "/start":
            call.session.connect((await call.expect(BotStarted)).reply)
        await asyncio.wait_for(asked.wait(), 5)
        before = list(call.events)
        await call.end()
        await asyncio.wait_for(given_up.wait(), 5)
        assert call.events == before


async def test_leaving_before_there_is_a_bot() -> None:
    async with dial("hangs") as (call, one):
        call.session.start()
        call.session.leave()
        assert call.events == []
        assert (await call.expect(BotLeft)).attempt == 1
        assert call.names() == ["BotLeft"]
        assert one.seen.bots_started == 0


async def test_leaving_between_start_and_connect() -> None:
    async with dial("echo") as (call, one):
        call.session.start()
        await call.expect(BotStarted)
        call.session.leave()
        await call.expect(BotLeft)
        assert one.seen.offers == 0


async def test_leaving_while_connecting_tells_the_bot_as_soon_as_it_can() -> None:
    async with dial("greeting") as (call, _):
        call.session.start()
        call.session.connect((await call.expect(BotStarted)).reply)
        await call.expect(OfferAnswered)
        call.session.leave()
        await call.expect(BotLeft)
        assert call.names() == ["BotStarted", "OfferAnswered", "BotLeft"]
        assert not [event for event in call.events if isinstance(event, Connected | BotReady)]


async def test_close_is_final_and_may_be_repeated() -> None:
    async with dial("tone") as (call, _):
        await ready(call)
        await call.until(lambda: len(call.packets) > 2)
        call.session.close()
        call.session.close()
        events, packets = list(call.events), len(call.packets)
        call.session.leave()
        call.session.send_turn("stop")
        call.session.connect(None)
        call.session.link.send([SPOKEN], Care.SAFE)
        await call.end()
        await asyncio.sleep(0)
        assert call.events == events
        assert len(call.packets) == packets
        assert call.session.counters.packets_unsent == 1


async def test_nothing_is_posted_or_received_after_close() -> None:
    call = Dial(SmallWebRtc(settings("http://127.0.0.1:9")))
    call.session.leave()
    call.session.close()
    call.session._packet(1, 960, SPOKEN)
    await call.end()
    assert (call.events, call.packets) == ([], [])


async def test_a_machine_without_a_network_talks_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_library_addresses", lambda **_: [])
    async with dial("tone") as (call, _):
        await ready(call)
        await call.until(lambda: len(call.packets) > 1)


async def test_an_error_of_ours_ends_the_attempt_and_is_traced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(self: Signalling) -> Reply:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(Signalling, "start", broken)
    call = Dial(SmallWebRtc(settings("http://127.0.0.1:9")))
    call.session.start()
    failure = await call.failure()
    assert failure.kind is Kind.INTERNAL
    assert "on purpose" in caplog.text
    await call.end()


async def test_a_receiver_that_raises_ends_the_attempt_and_not_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    async with dial("tone") as (call, _):

        def broken(sequence: int, timestamp: int, payload: bytes) -> None:
            raise ZeroDivisionError("on purpose")

        call.session._receive = broken
        call.session.connect(None)
        failure = await call.failure()
        assert failure.kind is Kind.INTERNAL
        assert "on purpose" in caplog.text
        assert call.session.counters.packets_received == 1


async def test_an_answer_that_the_library_cannot_use() -> None:
    sdp = "v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 96\na=rtpmap:96 opus/48000/2\nm=application 9 UDP/DTLS/SCTP x\n"

    async def handler(request: web.Request) -> web.Response:
        return web.json_response({"sdp": sdp, "type": "answer"})

    async with serve(handler) as url:
        call = Dial(SmallWebRtc(settings(url)))
        call.session.connect(None)
        failure = await call.failure()
        await call.end()
    assert failure.kind is Kind.NONSENSE
    assert "SDP answer cannot be used" in failure.message


class LateStun(asyncio.DatagramProtocol):
    """A STUN server that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._requests: list[tuple[bytes, Any]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._requests.append((data, addr))
        self.asked.set()

    def answer(self) -> None:
        for data, addr in self._requests:
            request = stun.parse_message(data)
            response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
            response.attributes["XOR-MAPPED-ADDRESS"] = addr
            self.transport.sendto(bytes(response), addr)


async def test_closing_waits_for_the_gathering_it_cannot_stop(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    transport, late = await loop.create_datagram_endpoint(LateStun, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    servers = (IceServer(urls=("nonsense:", f"stun:127.0.0.1:{port}")),)
    call = Dial(SmallWebRtc(settings("http://127.0.0.1:9", ice_servers=servers)))
    with caplog.at_level(logging.WARNING):
        call.session.connect(None)
        await asyncio.wait_for(late.asked.wait(), 5)
        call.session.close()
        closed = asyncio.create_task(call.session.wait_closed())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not closed.done()
        late.answer()
        await asyncio.wait_for(closed, 3)  # unanswered, the library gathers for 5 s
    transport.close()
    assert call.events == []
    assert "ice_server_ignored url=nonsense:" in caplog.text
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "gather-candidates"]


async def test_only_opus_and_no_stun_server_are_offered() -> None:
    names = ("opened", "heard", "packet", "empty_packet", "lossy", "ended")
    events: Any = type("Events", (), dict.fromkeys(names, len))()
    peer = Peer((), events)
    sdp = await peer.offer()
    await peer.close()
    lines = sdp.splitlines()
    assert [line for line in lines if line.startswith("m=")] == [
        line for line in lines if line.startswith(("m=audio", "m=application"))
    ]
    assert [line for line in lines if line.startswith("a=rtpmap")] == ["a=rtpmap:96 opus/48000/2"]
    assert lines.index("a=group:BUNDLE 0 1") < next(n for n, line in enumerate(lines) if line.startswith("m=audio"))
    assert "a=sendrecv" in lines
    assert "srflx" not in sdp


async def one_session(number: int) -> None:
    """One of its own runner, ended at a moment that differs with *number*."""
    async with dial("tone") as (call, _):
        call.session.start()
        if number % 4 == 0:
            return
        call.session.connect((await call.expect(BotStarted)).reply)
        await call.expect((BotStarted, OfferAnswered, Connected, BotReady)[number % 4])
        await asyncio.sleep(number / 1000)  # not to wait for anything: to close in different moments of the handshakes
        call.session.link.send([SPOKEN], Care.SAFE)


async def test_twenty_sessions_leave_nothing_behind() -> None:
    unforeseen: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unforeseen.append(context))
    await one_session(3)  # what is made once and kept
    gc.collect()
    before = Open.now()
    for number in range(20):
        await one_session(number)
        await settled(before)
    assert unforeseen == []
