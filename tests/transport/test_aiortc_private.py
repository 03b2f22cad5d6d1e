"""The private names of aiortc, and what is done with them."""

from __future__ import annotations

import struct
import tomllib
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCDtlsTransport
from aiortc.rtp import RtpPacket
from pylibsrtp import Error as SrtpError

from appliance.errors import UnavailableError
from appliance.transport import aiortc_private
from appliance.transport.aiortc_private import (
    ASK_MOST,
    PINNED,
    RtpWriter,
    ask_again,
    receive_at_once,
    tap_packets,
    verify,
)


def test_the_installed_aiortc_has_them_all() -> None:
    verify()


@pytest.mark.parametrize(("owner", "function", "name"), aiortc_private._NAMES)
def test_each_missing_name_is_told(monkeypatch: pytest.MonkeyPatch, owner: type, function: str, name: str) -> None:
    def other(self: object) -> None:
        """Uses nothing."""

    monkeypatch.setattr(owner, function, other)
    with pytest.raises(UnavailableError) as caught:
        verify()
    message = str(caught.value)
    assert f"{owner.__name__}.{function}: {name}" in message
    assert f"aiortc {PINNED} is not built like {PINNED}" in message
    assert message.endswith(f"install aiortc=={PINNED}")


def test_a_missing_function_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(RTCDtlsTransport, "_send_rtp")
    with pytest.raises(UnavailableError, match="it lacks RTCDtlsTransport"):
        verify()


def test_the_pin_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert f"aiortc=={PINNED}" in project["project"]["dependencies"]


def test_the_names_are_used_nowhere_else() -> None:
    folder = Path(aiortc_private.__file__).parent
    for path in folder.glob("*.py"):
        if path.name != "aiortc_private.py":
            text = path.read_text()
            assert not [name for _, _, name in aiortc_private._NAMES if name in text], path.name


TAG = b"SRTP"


class Dtls:
    """In place of aiortc's transport and what is below it; what it is given, and how it takes it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.how = "at once"
        self._tx_srtp = self.transport = self

    @property
    def state(self) -> str:
        return "failed" if self.how == "failed" else "connected"

    def protect(self, data: bytes) -> bytes:
        return data + TAG

    async def _send(self, data: bytes) -> None:
        if self.how == "closed":
            raise ConnectionError("Cannot send data, not connected")
        if self.how == "waits":
            await _Never()
        self.sent.append(data)


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
        "appliance.transport.aiortc_private.secrets.randbits", lambda bits: 2**bits - 1 if bits == 32 else 0xFFFF
    )
    out, sender = writer()
    out.write(b"a")
    out.write(b"b")
    assert [(packet.sequence_number, packet.timestamp) for packet in parsed(sender)] == [(65535, 2**32 - 1), (0, 959)]


def test_a_copy_is_the_same_datagram_and_takes_no_number() -> None:
    out, sender = writer()
    datagram = out.write(b"a")
    out.write(b"b")
    out.repeat(datagram)
    out.write(b"c")
    sent = sender.transport.sent
    assert (sent[2], len(sent)) == (sent[0], 4)
    assert [packet.payload for packet in parsed(sender)] == [b"a", b"b", b"a", b"c"]
    assert parsed(sender)[3].sequence_number == parsed(sender)[1].sequence_number + 1


@pytest.mark.parametrize("how", ["closed", "waits"])
def test_a_copy_that_cannot_be_sent_is_let_go(how: str) -> None:
    out, sender = writer()
    datagram = out.write(b"a")
    sender.transport.how = how
    out.repeat(datagram)
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


@pytest.mark.parametrize("how", ["closed", "waits", "failed"])
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
    out.write(b"de")
    out.repeat(datagram)
    out.report()
    counts: Any = sender
    assert counts._RTCRtpSender__packet_count == 2
    assert counts._RTCRtpSender__octet_count == 5
    assert counts._RTCRtpSender__rtp_timestamp == parsed(sender)[1].timestamp
    assert 0 < counts._RTCRtpSender__ntp_timestamp < 2**64
    struct.pack("!Q", counts._RTCRtpSender__ntp_timestamp)


def test_the_tap_gives_sound_as_it_came_and_counts_the_rest() -> None:
    receiver: Any = type("Receiver", (), {})()
    taken: list[tuple[int, int, bytes]] = []
    empty: list[int] = []
    tap_packets(receiver, lambda *packet: taken.append(packet), lambda: empty.append(1))
    tap = receiver._RTCRtpReceiver__jitter_buffer
    padded = RtpPacket.parse(bytes([0xA0, 96]) + struct.pack("!HII", 8, 960, 1) + b"xy" + bytes([0, 0, 3]))
    for packet in (RtpPacket(sequence_number=7, timestamp=5, payload=b"p"), padded, RtpPacket(sequence_number=9)):
        assert tap.add(packet) == (False, None)
    assert taken == [(7, 5, b"p"), (8, 960, b"xy")]
    assert empty == [1]


@pytest.mark.parametrize(
    ("came", "asked"),
    [
        ([5, 6, 7], []),
        ([5, 7, 8], [[6]]),
        ([5, 9, 10], [[6, 7, 8]]),
        ([5, 8, 6, 7, 9], [[6, 7]]),
        ([5, 7, 9], [[6], [8]]),
        ([5, 5, 4, 7], [[6]]),
        ([65_533, 1], [[65_534, 65_535, 0]]),
        ([5, 6 + ASK_MOST], [[*range(6, 6 + ASK_MOST)]]),
        ([5, 7 + ASK_MOST, 9 + ASK_MOST], [[8 + ASK_MOST]]),
        ([5, 30_000, 30_001], []),
        ([0], []),
    ],
)
def test_what_is_missing_is_asked_for_once_and_only_what_can_come_in_time(
    came: list[int], asked: list[list[int]]
) -> None:
    receiver: Any = type("Receiver", (), {})()
    signs: list[bool] = []
    ask_again(receiver, lambda: signs.append(True))
    missing = receiver._RTCRtpReceiver__nack_generator
    assert [list(missing.missing) for number in came if missing.add(RtpPacket(sequence_number=number))] == asked
    assert len(signs) == len(asked)


class Ice:
    """In place of aioice's connection: what went the usual way."""

    def __init__(self) -> None:
        self.queued: list[bytes] = []

    def data_received(self, data: bytes, component: int) -> None:
        assert component == 1
        self.queued.append(data)

    async def recv(self) -> bytes:
        raise NotImplementedError


class Keys:
    """In place of SRTP: takes an X off the end."""

    def unprotect(self, data: bytes) -> bytes:
        if len(data) > 1500:
            raise ValueError("packet is too long")
        if data[-1:] != b"X":
            raise SrtpError("authentication failure")
        return data[:-1]


class Incoming:
    """In place of aiortc's DTLS transport, with a receiver and all that is below."""

    def __init__(self) -> None:
        self.ice = Ice()
        self.handled: list[bytes] = []
        self.waits = False
        self._rx_srtp: Keys | None = Keys()
        self._RTCDtlsTransport__rx_packets = 10
        self._RTCDtlsTransport__rx_bytes = 1000
        self.transport: Any = type("IceTransport", (), {"_recv": staticmethod(self.ice.recv)})()
        receiver: Any = type("Receiver", (), {"transport": self})()
        self.others = 0
        receive_at_once(receiver, self._other)

    def _other(self) -> None:
        self.others += 1

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        if self.waits:
            await _Never()
        self.handled.append(data)


SOUND = bytes([0x80, 111]) + bytes(10) + b"opus"


def test_sound_goes_from_the_socket_to_its_taker_in_one_call() -> None:
    incoming = Incoming()
    incoming.ice.data_received(SOUND + b"X", 1)
    assert incoming.handled == [SOUND]
    assert incoming.ice.queued == []
    assert incoming._RTCDtlsTransport__rx_packets == 11
    assert incoming._RTCDtlsTransport__rx_bytes == 1000 + len(SOUND) + 1


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"\x16\xfe\xff" + bytes(20), b"\x80\xc8" + bytes(30), b"\x80\xc9" + bytes(30), bytes(40)],
    ids=["nothing", "one byte", "DTLS", "sender report", "receiver report", "zeros"],
)
def test_what_is_no_sound_goes_its_usual_way(data: bytes) -> None:
    incoming = Incoming()
    incoming.ice.data_received(data, 1)
    assert (incoming.ice.queued, incoming.others) == ([data], 1)
    assert incoming._RTCDtlsTransport__rx_packets == 10, "counted there"


def test_sound_before_there_are_keys_goes_its_usual_way() -> None:
    incoming = Incoming()
    incoming._rx_srtp = None
    incoming.ice.data_received(SOUND + b"X", 1)
    assert incoming.ice.queued == [SOUND + b"X"]
    assert incoming.handled == []


@pytest.mark.parametrize("data", [SOUND, SOUND + bytes(1500) + b"X"], ids=["forged", "too long"])
def test_what_cannot_be_opened_is_dropped(data: bytes) -> None:
    incoming = Incoming()
    incoming.ice.data_received(data, 1)
    assert incoming.handled == incoming.ice.queued == []
    assert incoming.others == 0, "no sign of life: anybody can send that"


def test_a_packet_that_would_have_to_wait_is_given_up() -> None:
    incoming = Incoming()
    incoming.waits = True
    incoming.ice.data_received(SOUND + b"X", 1)
    incoming.waits = False
    incoming.ice.data_received(SOUND + b"X", 1)
    assert incoming.handled == [SOUND]
