"""Packets on their way out, around the library's sender; on the loop, and on any other thread."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from aiortc.rtp import RtpPacket
from pylibsrtp import Error as SrtpError

from appliance.transport.aiortc_private.sending import RtpWriter

TAG = b"SRTP"


class Dtls:
    """In place of aiortc's transport and what is below it; what it is given, and how it takes it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.how = "at once"
        self._tx_srtp: Any = self
        self.transport = self
        self._nominated: dict[int, Pair] = {}

    @property
    def state(self) -> str:
        return "failed" if self.how == "failed" else "connected"

    def protect(self, data: bytes) -> bytes:
        if self.how == "not sealed":
            raise SrtpError("key expired")
        return data + TAG

    def protect_rtcp(self, data: bytes) -> bytes:
        return data + TAG

    async def _send(self, data: bytes) -> None:
        if self.how == "closed":
            raise ConnectionError("Cannot send data, not connected")
        if self.how == "waits":
            await _Never()
        self.sent.append(data)


class Pair:
    """In place of the addresses that ICE has chosen; *plain* is the socket, None of a relay."""

    def __init__(self, address: tuple[str, int], plain: socket.socket | None) -> None:
        self.remote_addr = address
        self.protocol = self.transport = self
        self._plain = plain

    def get_extra_info(self, name: str) -> socket.socket | None:
        assert name == "socket"
        return self._plain


class _Never:
    def __await__(self) -> Any:
        yield self


class Sender:
    """In place of a sender."""

    _ssrc = 0xDEADBEEF

    def __init__(self) -> None:
        self.transport = Dtls()
        self.stats: dict[str, Any] = {}

    async def getStats(self) -> dict[str, Any]:  # noqa: N802 - as the library has it
        return self.stats


def writer() -> tuple[RtpWriter, Sender]:
    sender: Any = Sender()
    return RtpWriter(sender, 111), sender


def parsed(sender: Sender) -> list[RtpPacket]:
    assert all(data.endswith(TAG) for data in sender.transport.sent)
    return [RtpPacket.parse(data.removesuffix(TAG)) for data in sender.transport.sent]


def test_packets_are_contiguous() -> None:
    out, sender = writer()
    assert all(out.write(bytes([number])) for number in range(3))
    packets = parsed(sender)
    first = packets[0]
    assert [packet.payload for packet in packets] == [b"\x00", b"\x01", b"\x02"]
    assert [packet.sequence_number - first.sequence_number for packet in packets] == [0, 1, 2]
    assert [(packet.timestamp - first.timestamp) & 0xFFFFFFFF for packet in packets] == [0, 960, 1920]
    assert [packet.marker for packet in packets] == [1, 0, 0]
    assert {(packet.ssrc, packet.payload_type) for packet in packets} == {(0xDEADBEEF, 111)}
    assert first.sequence_number < 0x8000


def test_numbers_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "appliance.transport.aiortc_private.sending.secrets.randbits",
        lambda bits: 2**bits - 1 if bits == 32 else 0xFFFF,
    )
    out, sender = writer()
    out.write(b"a")
    out.write(b"b")
    assert [(packet.sequence_number, packet.timestamp) for packet in parsed(sender)] == [(65535, 2**32 - 1), (0, 959)]


def test_a_copy_is_the_same_datagram_and_takes_no_number() -> None:
    out, sender = writer()
    datagram = out.write(b"a")
    out.write(b"b")
    out.write(b"c", [datagram])
    sent = sender.transport.sent
    assert (sent[2], len(sent)) == (sent[0], 4)
    assert [packet.payload for packet in parsed(sender)] == [b"a", b"b", b"a", b"c"]
    assert parsed(sender)[3].sequence_number == parsed(sender)[1].sequence_number + 1


@pytest.mark.parametrize("how", ["closed", "waits"])
def test_a_copy_that_cannot_be_sent_is_let_go(how: str) -> None:
    out, sender = writer()
    datagram = out.write(b"a")
    sender.transport.how = how
    assert not out.write(b"b", [datagram])
    assert len(sender.transport.sent) == 1


def test_numbers_are_left_out_but_no_time() -> None:
    out, sender = writer()
    out.write(b"a")
    out.skip(16)
    out.write(b"b")
    first, second = parsed(sender)
    assert (second.sequence_number - first.sequence_number, second.timestamp - first.timestamp) == (17, 960)


def test_what_the_other_end_missed_is_read_from_its_reports() -> None:
    out, sender = writer()
    assert out.missed() == 0, "none has come"
    ours = type("Outbound", (), {"type": "outbound-rtp"})
    theirs = type("RemoteInbound", (), {"type": "remote-inbound-rtp", "packetsLost": 7})
    sender.stats = {"a": ours, "b": theirs}
    assert out.missed() == 7


@pytest.mark.parametrize("how", ["closed", "waits", "failed", "not sealed"])
def test_what_was_not_sent_leaves_no_gap(how: str) -> None:
    out, sender = writer()
    assert out.write(b"a")
    sender.transport.how = how
    assert not out.write(b"lost")
    sender.transport.how = "at once"
    assert out.write(b"b")
    first, second = parsed(sender)
    assert second.sequence_number == first.sequence_number + 1


def test_the_senders_reports_are_kept_up() -> None:
    out, sender = writer()
    datagram = out.write(b"abc")
    out.write(b"de", [datagram])
    out.report()
    counts: Any = sender
    assert counts._RTCRtpSender__packet_count == 2
    assert counts._RTCRtpSender__octet_count == 5
    assert counts._RTCRtpSender__rtp_timestamp == parsed(sender)[2].timestamp
    assert 0 < counts._RTCRtpSender__ntp_timestamp < 2**64
    struct.pack("!Q", counts._RTCRtpSender__ntp_timestamp)


class Sockets:
    """Our end and the other one, on loopback."""

    def __init__(self) -> None:
        self.ours, self.theirs = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for end in (self.ours, self.theirs):
            end.bind(("127.0.0.1", 0))
        self.ours.setblocking(False)
        self.theirs.settimeout(5)

    def pair(self) -> Pair:
        return Pair(self.theirs.getsockname(), self.ours)

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    made = Sockets()
    yield made
    made.close()


def is_free(out: RtpWriter) -> bool:
    """Asked anew each time: a type checker takes it for settled."""
    return out.is_free


def freed(sockets: Sockets) -> tuple[RtpWriter, Sender]:
    out, sender = writer()
    sender.transport._nominated[1] = sockets.pair()
    assert not is_free(out)
    out.set_free()
    assert is_free(out)
    return out, sender


def test_one_that_is_free_sends_from_the_socket_of_the_connection(sockets: Sockets) -> None:
    out, sender = freed(sockets)
    thread = threading.Thread(target=lambda: out.write(b"2", [out.write(b"1")]))
    thread.start()
    thread.join()
    got = [sockets.theirs.recvfrom(1500) for _ in range(3)]
    assert {address for _, address in got} == {sockets.ours.getsockname()}
    assert [RtpPacket.parse(data.removesuffix(TAG)).payload for data, _ in got] == [b"1", b"1", b"2"]
    assert sender.transport.sent == []
    out.close()


def test_one_that_is_closed_lets_go_of_its_socket_and_is_not_free(sockets: Sockets) -> None:
    out, sender = freed(sockets)
    direct = out._direct
    out.close()
    out.close()
    assert not out.is_free
    assert out.write(b"a")
    assert len(sender.transport.sent) == 1
    assert direct is not None
    assert direct._socket.fileno() < 0


@pytest.mark.parametrize("how", ["not chosen", "relay", "not connected"])
def test_one_without_a_way_of_its_own_stays_with_the_loop(sockets: Sockets, how: str) -> None:
    out, sender = writer()
    if how != "not chosen":
        sender.transport._nominated[1] = sockets.pair() if how == "not connected" else Pair(("192.0.2.1", 1), None)
    if how == "not connected":
        sender.transport.how = "failed"
    out.set_free()
    assert not out.is_free


def test_when_ice_chooses_anew_or_no_more_it_is_not_free_until_told(sockets: Sockets) -> None:
    out, sender = freed(sockets)
    other = Sockets()
    sender.transport._nominated[1] = other.pair()
    assert not is_free(out)
    out.set_free()
    assert is_free(out)
    assert out.write(b"there")
    assert other.theirs.recv(1500)
    sender.transport._nominated.clear()
    assert not is_free(out)
    out.set_free()
    assert not is_free(out)
    other.close()


@pytest.mark.parametrize("error", [BlockingIOError, OSError(101, "Network is unreachable")])
def test_what_the_socket_does_not_take_leaves_no_gap(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    out, _ = freed(sockets)

    class Full:
        def sendto(self, *_: object) -> None:
            raise error

        def close(self) -> None:
            """Nothing is open."""

    assert out.write(b"a")
    assert out._direct is not None
    usual = out._direct._socket
    monkeypatch.setattr(out._direct, "_socket", Full())
    assert not out.write(b"lost")
    monkeypatch.setattr(out._direct, "_socket", usual)
    assert out.write(b"b")
    first, second = (RtpPacket.parse(sockets.theirs.recv(1500).removesuffix(TAG)) for _ in range(2))
    assert second.sequence_number == first.sequence_number + 1
    out.close()


def test_reports_of_the_loop_and_sound_of_another_thread_are_sealed_one_at_a_time(sockets: Sockets) -> None:
    out, sender = writer()
    inside = threading.Lock()

    class Slow:
        def protect(self, data: bytes) -> bytes:
            with_nobody_else = inside.acquire(blocking=False)
            assert with_nobody_else, "libsrtp works on one piece of memory"
            entered.set()
            if data == b"report":
                assert not done.wait(0.05)
            inside.release()
            return data

        protect_rtcp = protect

    entered, done = threading.Event(), threading.Event()
    sender.transport._tx_srtp = Slow()
    sender.transport._nominated[1] = sockets.pair()
    out.set_free()
    report = threading.Thread(target=lambda: sender.transport._tx_srtp.protect_rtcp(b"report"))
    report.start()
    assert entered.wait(5)
    assert out.write(b"sound")
    done.set()
    report.join()
    sealer = sender.transport._tx_srtp
    out.close()
    out.set_free()
    assert is_free(out) and sender.transport._tx_srtp is sealer, "again, and sealed as before"
    out.close()
