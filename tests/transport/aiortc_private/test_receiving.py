"""Sound from the socket to its taker, through the library's own objects: nothing differs by it but what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from struct import Struct
from typing import Any

import pytest
from aioice import Candidate, ice
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport, RTCRtpReceiver
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from appliance.transport.aiortc_private.receiving import ASK_MOST, Incoming, _Ordinary, receive

OPUS, UNKNOWN = 96, 13
SSRC = 0xDEADBEEF
FROM = ("192.0.2.1", 5000)
CERTIFICATE = RTCCertificate.generateCertificate()
KEY = bytes(range(30))
HEADER = Struct("!BBHII")


def keys(direction: int) -> Session:
    policy = Policy(key=KEY, ssrc_type=direction)
    policy.allow_repeat_tx = True
    return Session(policy)


def rtp(
    sequence: int,
    payload: bytes = b"opus",
    *,
    kind: int = OPUS,
    ssrc: int = SSRC,
    marker: bool = False,
    sources: int = 0,
    extension: bytes | None = None,
    padding: int = 0,
) -> bytes:
    """A packet; *extension* is of whole words (RFC 3550, 5.3.1)."""
    flags = 0x80 | sources | (0x10 if extension is not None else 0) | (0x20 if padding else 0)
    header = HEADER.pack(flags, marker << 7 | kind, sequence & 0xFFFF, 960 * sequence & 0xFFFFFFFF, ssrc)
    words = b"" if extension is None else b"\xbe\xde" + (len(extension) // 4).to_bytes(2, "big") + extension
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    return header + b"srce" * sources + words + payload + tail


@dataclass
class Told:
    """What came of it."""

    taken: list[tuple[int, int, bytes]] = field(default_factory=list)
    empty: int = 0
    others: int = 0
    lossy: int = 0
    asked: list[list[int]] = field(default_factory=list)


class Ear:
    """aioice's and aiortc's own objects, of a connection that stands as soon as they are asked. On a running loop."""

    def __init__(self) -> None:
        transport: Any = RTCIceTransport(RTCIceGatherer())
        self.dtls: Any = RTCDtlsTransport(transport, [CERTIFICATE])
        self.receiver = receiver = self._receiver()
        receiver._RTCRtpReceiver__codecs[OPUS] = RTCRtpCodecParameters("audio/opus", 48_000, 2, OPUS)
        self.dtls._rtp_router.register_receiver(self.receiver, ssrcs=[SSRC], payload_types=[OPUS], mid="0")
        receiver._send_rtcp_nack = self._asked
        self.connection: Any = transport._connection
        self.sockets = [ice.StunProtocol(self.connection) for _ in range(2)]
        for socket in self.sockets:
            socket.local_candidate = Candidate("f", 1, "udp", 1, "192.0.2.2", 6000, "host")
        self.connection._protocols += self.sockets
        self.theirs = keys(Policy.SSRC_ANY_OUTBOUND)
        self.dtls._rx_srtp = keys(Policy.SSRC_ANY_INBOUND)
        self.told = Told()
        told = self.told
        receive(
            self.receiver,
            Incoming(
                packet=lambda *packet: told.taken.append(packet),
                empty=lambda: self._count("empty"),
                other=lambda: self._count("others"),
                lossy=lambda: self._count("lossy"),
            ),
        )

    def _receiver(self) -> Any:
        return RTCRtpReceiver("audio", self.dtls)

    def _count(self, what: str) -> None:
        setattr(self.told, what, getattr(self.told, what) + 1)

    async def _asked(self, ssrc: int, missing: list[int]) -> None:
        self.told.asked.append(list(missing))

    def comes(self, *packets: bytes, socket: int = 0) -> None:
        """Sealed, and read from a socket."""
        for packet in packets:
            self.read(self.theirs.protect(packet), socket=socket)

    def read(self, datagram: bytes, socket: int = 0) -> None:
        self.sockets[socket].datagram_received(datagram, FROM)

    def queued(self) -> list[bytes]:
        """What went the usual way."""
        queue = self.connection._queue
        return [queue.get_nowait()[0] for _ in range(queue.qsize())]

    @property
    def counts(self) -> dict[str, Any]:
        """What the library would report."""
        streams = self.receiver._RTCRtpReceiver__remote_streams
        names = ("packets_received", "packets_lost", "max_seq", "cycles", "_last_timestamp")
        stats = {ssrc: [getattr(of, name) for name in names] for ssrc, of in streams.items()}
        return {"streams": stats, "rx": self.dtls._RTCDtlsTransport__rx_packets}


def run(work: Callable[[], Any]) -> Any:
    async def on_loop() -> Any:
        return work()

    return asyncio.run(on_loop())


def heard(*packets: bytes) -> Told:
    def work() -> Told:
        ear = Ear()
        ear.comes(*packets)
        return ear.told

    told: Told = run(work)
    return told


def test_sound_is_taken_as_it_came() -> None:
    told = heard(rtp(7, b"a"), rtp(8, b"b", marker=True), rtp(9, b"c", extension=b"\x10\x20\x7f\x00"), rtp(10, b"d"))
    assert told == Told(taken=[(7, 6720, b"a"), (8, 7680, b"b"), (9, 8640, b"c"), (10, 9600, b"d")])


def test_the_library_sees_the_first_and_what_is_not_ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    usual = RTCDtlsTransport._handle_rtp_data

    async def handle(self: RTCDtlsTransport, data: bytes, arrival_time_ms: int) -> None:
        seen.append(data[12:])
        await usual(self, data, arrival_time_ms=arrival_time_ms)

    monkeypatch.setattr(RTCDtlsTransport, "_handle_rtp_data", handle)
    told = heard(*(rtp(n, b"%d" % n) for n in (1, 2, 3, 5, 6, 4, 7)), rtp(8, b"", padding=2), rtp(9, b"9"))
    assert seen == [b"1", b"5", b"4", b"\0\2"]
    assert [payload for _, _, payload in told.taken] == [b"1", b"2", b"3", b"5", b"6", b"4", b"7", b"9"]


def _sealed(session: Session, packet: bytes) -> list[bytes]:
    """None, of what is too broken even for that."""
    try:
        return [session.protect(packet)]
    except SrtpError:
        return []


STEP = st.sampled_from([1, 1, 1, 1, 1, 1, 2, 3, 0, -1, -2, 40])
"""To the next number: mostly as a sender goes, so that there is something to be ordinary."""
SHAPE = st.fixed_dictionaries(
    {
        "payload": st.sampled_from([b"", b"s", b"sound", b"sound"]),
        "kind": st.sampled_from([OPUS] * 5 + [UNKNOWN]),
        "ssrc": st.sampled_from([SSRC] * 5 + [7]),
        "marker": st.booleans(),
        "sources": st.sampled_from([0, 0, 0, 2]),
        "extension": st.sampled_from([None, None, b"", b"\x10\x30\x20\x7f", b"\x11\xbe\xde\x00"]),
        "padding": st.sampled_from([0, 0, 0, 1, 4]),
    }
)
CUT = st.sampled_from([0] * 9 + list(range(1, 13)))
"""Bytes off the end: of a header that promises more, as libsrtp lets through what is whole for it."""


@given(st.integers(65_500, 65_535), st.lists(st.tuples(STEP, SHAPE, CUT), max_size=40))
@settings(deadline=None)
def test_whatever_comes_is_taken_counted_and_asked_for_as_by_the_library_alone(
    sequence: int, made: Sequence[tuple[int, dict[str, Any], int]]
) -> None:
    packets = []
    for step, shape, cut in made:
        sequence += step
        packet = rtp(sequence, **shape)
        packets.append(packet[: max(HEADER.size, len(packet) - cut)])

    def both() -> list[tuple[dict[str, Any], dict[str, Any]]]:
        short, long = Ear(), Ear()
        with pytest.MonkeyPatch.context() as patch:
            sealed = [datagram for packet in packets for datagram in _sealed(short.theirs, packet)]
            for datagram in sealed:
                short.read(datagram)
            patch.setattr(_Ordinary, "expects", lambda *_: False)
            for datagram in sealed:
                long.read(datagram)
        return [(asdict(ear.told), ear.counts) for ear in (short, long)]

    short, long = run(both)
    assert short == long


@pytest.mark.parametrize(
    ("came", "asked"),
    [
        ([5, 6, 7], []),
        ([5, 7, 8], [[6]]),
        ([5, 9, 10], [[6, 7, 8]]),
        ([5, 8, 6, 7, 9], [[6, 7]]),
        ([5, 7, 9], [[6], [8]]),
        ([5, 5, 4, 7], [[6]]),
        ([65_533, 65_537], [[65_534, 65_535, 0]]),
        ([5, 6 + ASK_MOST], [[*range(6, 6 + ASK_MOST)]]),
        ([5, 7 + ASK_MOST, 9 + ASK_MOST], [[8 + ASK_MOST]]),
        ([5, 30_000, 30_001], []),
        ([0], []),
    ],
)
def test_what_is_missing_is_asked_for_once_and_only_what_can_come_in_time(
    came: list[int], asked: list[list[int]]
) -> None:
    told = heard(*map(rtp, came))
    assert [sorted(numbers) for numbers in told.asked] == [sorted(numbers) for numbers in asked]
    assert told.lossy == len(asked)


def test_every_socket_is_listened_to() -> None:
    def work() -> list[tuple[int, int, bytes]]:
        ear = Ear()
        ear.comes(rtp(1), rtp(2), socket=1)
        ear.comes(rtp(3), socket=0)
        return ear.told.taken

    assert [sequence for sequence, _, _ in run(work)] == [1, 2, 3]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"\x16\xfe\xff" + bytes(20), b"\x80\xc8" + bytes(30), b"\x80\xc9" + bytes(30), bytes(40)],
    ids=["nothing", "one byte", "DTLS", "sender report", "receiver report", "zeros"],
)
def test_what_is_no_sound_goes_its_usual_way(data: bytes) -> None:
    def work() -> None:
        ear = Ear()
        ear.read(data)
        assert ear.queued() == [data]
        assert ear.told == Told(others=1)
        assert ear.counts["rx"] == 0, "counted there"

    run(work)


def test_a_check_of_the_connection_is_none_of_our_business() -> None:
    def work() -> None:
        ear = Ear()
        ear.read(b"\x01\x01\x00\x00\x21\x12\xa4\x42" + bytes(12))
        assert ear.queued() == []
        assert ear.told == Told()

    run(work)


def test_sound_before_there_are_keys_goes_its_usual_way() -> None:
    def work() -> None:
        ear = Ear()
        ear.dtls._rx_srtp = None
        ear.comes(rtp(1))
        assert len(ear.queued()) == 1
        assert ear.told == Told(others=1)

    run(work)


@pytest.mark.parametrize("data", [rtp(1) + bytes(16), rtp(1) + bytes(1500)], ids=["forged", "too long"])
def test_what_cannot_be_opened_is_dropped(data: bytes) -> None:
    def work() -> None:
        ear = Ear()
        ear.read(data)
        assert ear.queued() == []
        assert ear.told == Told(), "no sign of life: anybody can send that"

    run(work)


def test_a_packet_that_would_have_to_wait_is_given_up() -> None:
    async def waits(ssrc: int, missing: list[int]) -> None:
        await asyncio.sleep(0)

    def work() -> None:
        ear = Ear()
        ear.comes(rtp(1))
        ear.receiver._send_rtcp_nack = waits
        ear.comes(rtp(3), rtp(4))
        assert [sequence for sequence, _, _ in ear.told.taken] == [1, 4]

    run(work)


def test_a_copy_is_taken_once() -> None:
    def work() -> None:
        ear = Ear()
        first, second = ear.theirs.protect(rtp(1)), ear.theirs.protect(rtp(2))
        for datagram in (first, first, second, first, second):
            ear.read(datagram)
        assert [sequence for sequence, _, _ in ear.told.taken] == [1, 2]

    run(work)
