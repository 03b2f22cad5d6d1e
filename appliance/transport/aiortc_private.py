"""Every private name of aiortc (and of aioice below it) that we use, and nothing else that is private.

aiortc is pinned, and `verify` looks for each name before the first session, so that another version is a clear message
and not a silent one. Six things are done here that its public side cannot:

- Packets are taken before its jitter buffer (`tap_packets`), which holds 80 ms always and 200 ms more for good after
  one loss. RTCP and the receiver's statistics stand before the buffer and go on working.
- Sound that is missing is asked for again (`ask_again`), as the library does for pictures alone, though its sender
  gives of both what it is asked for: in a house a packet is there again before its turn has come.
- Packets are taken where the socket is read (`receive_at_once`), not by a task that is woken for each by a queue, which
  costs as much again: another turn of the loop, and another look for what is ready.
- Packets are sent without its sender loop (`RtpWriter`): header, SRTP and socket in one call, from whatever wakes the
  loop, where the public way (a track that returns `av.Packet`) costs two task switches, an encoder that is never used
  and six objects for each packet. What went out can go again as it was, and numbers can be left out. The sender's
  counts are kept up, because its RTCP reports are made of them.
- What the other end has acknowledged is looked up (`unacknowledged`), and what it has not is said again before the
  second is over for which the library waits (`repeat_unacknowledged`).
- A machine without any network can talk to itself (`reach_this_machine`); the library leaves loopback out.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from struct import Struct
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from aioice import ice
from aiortc import RTCDtlsTransport, RTCIceTransport, RTCPeerConnection, RTCRtpReceiver, RTCRtpSender, RTCSctpTransport
from pylibsrtp import Error as SrtpError

from appliance.errors import UnavailableError
from appliance.session.media import Receive
from appliance.units import PACKET_MS

if TYPE_CHECKING:
    from aiortc import RTCStatsReport
    from aiortc.rtp import RtpPacket

PINNED: Final = "1.16.0"
STEP: Final = 48 * PACKET_MS
"""Opus counts at 48 kHz, whatever it was encoded from (RFC 7587)."""

_HEADER = Struct("!BBHII")
_VERSION_2 = 0x80
_MARKER = 0x80
ASK_MOST: Final = 10
"""Packets missing in a row: of 200 ms, none would come in time."""
_RTP = 2
"""The first two bits of what is neither DTLS nor STUN (RFC 7983)."""
_RTCP_FIRST, _RTCP_LAST = 192, 223
"""Second bytes that are not sound's (RFC 5761, 4)."""
_NTP_EPOCH_S = 2208988800
"""From 1900 to 1970."""
_WAITS: Final = object()

# Where each name must be met: set in one function, and still looked at by another.
_NAMES: Final[tuple[tuple[type, str, str], ...]] = (
    (RTCRtpReceiver, "__init__", "_RTCRtpReceiver__jitter_buffer"),
    (RTCRtpReceiver, "_handle_rtp_packet", "_RTCRtpReceiver__jitter_buffer"),
    (RTCRtpReceiver, "__init__", "_RTCRtpReceiver__nack_generator"),
    (RTCRtpReceiver, "_handle_rtp_packet", "_RTCRtpReceiver__nack_generator"),
    (RTCRtpSender, "__init__", "_ssrc"),
    (RTCRtpSender, "_run_rtcp", "_ssrc"),
    (RTCRtpSender, "_run_rtcp", "_RTCRtpSender__ntp_timestamp"),
    (RTCRtpSender, "_run_rtcp", "_RTCRtpSender__rtp_timestamp"),
    (RTCRtpSender, "_run_rtcp", "_RTCRtpSender__packet_count"),
    (RTCRtpSender, "_run_rtcp", "_RTCRtpSender__octet_count"),
    (RTCDtlsTransport, "_send_rtp", "_tx_srtp"),
    (RTCDtlsTransport, "_send_rtp", "_send"),
    (RTCDtlsTransport, "_recv_next", "_rx_srtp"),
    (RTCDtlsTransport, "_recv_next", "_handle_rtp_data"),
    (RTCDtlsTransport, "_recv_next", "_RTCDtlsTransport__rx_packets"),
    (RTCDtlsTransport, "_recv_next", "_RTCDtlsTransport__rx_bytes"),
    (RTCSctpTransport, "_data_channel_flush", "_data_channel_queue"),
    (RTCSctpTransport, "_data_channel_flush", "_outbound_queue"),
    (RTCSctpTransport, "_receive_sack_chunk", "_sent_queue"),
    (RTCSctpTransport, "_t3_restart", "_t3_handle"),
    (RTCSctpTransport, "_t3_restart", "_t3_expired"),
    (RTCIceTransport, "__init__", "_recv"),
    (ice.StunProtocol, "datagram_received", "data_received"),
    (ice.Connection, "gather_candidates", "get_host_addresses"),
)


def verify() -> None:
    """Raises `UnavailableError`, naming what is missing, if the installed aiortc is not built as we need it."""
    missing = [
        f"{owner.__name__}.{function}: {name}" for owner, function, name in _NAMES if not _met(owner, function, name)
    ]
    if missing:
        raise UnavailableError(
            f"aiortc {version('aiortc')} is not built like {PINNED}, which this program was made for; it lacks "
            f"{', '.join(missing)}; install aiortc=={PINNED}"
        )


def reach_this_machine() -> None:
    """Offer the loopback address where there is no other, so that the embedded runner works without a network. For the
    whole process, and looked at anew for each connection. Idempotent."""
    ice.get_host_addresses = _host_addresses


def tap_packets(receiver: RTCRtpReceiver, take: Receive, on_empty: Callable[[], None]) -> None:
    """Give every packet of *receiver* to *take*, in the order of arrival and before any buffer. Padding without sound
    goes to *on_empty*. Packets of a payload type that was not negotiated never come this far. Neither may raise."""
    receiver._RTCRtpReceiver__jitter_buffer = _Tap(take, on_empty)  # type: ignore[attr-defined]


class _Tap:
    """Stands where aiortc's jitter buffer stood, and never has a frame for its decoder."""

    def __init__(self, take: Receive, on_empty: Callable[[], None]) -> None:
        self._take = take
        self._on_empty = on_empty

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        if packet.payload:
            self._take(packet.sequence_number, packet.timestamp, packet.payload)
        else:
            self._on_empty()
        return False, None


def ask_again(receiver: RTCRtpReceiver, lossy: Callable[[], None]) -> None:
    """Have the other end told at once which packets of *receiver* are missing (RFC 4585, 6.2.1), once for each. What it
    makes of that is its own affair; what comes twice is dropped by SRTP. *lossy* is called each time; it must not
    raise."""
    receiver._RTCRtpReceiver__nack_generator = _Missing(lossy)  # type: ignore[attr-defined]


class _Missing:
    """Stands where aiortc has a generator for pictures, which asks for all that is missing each time that more is."""

    def __init__(self, lossy: Callable[[], None]) -> None:
        self.missing: list[int] = []
        self._lossy = lossy
        self._highest: int | None = None

    def add(self, packet: RtpPacket) -> bool:
        """Whether `missing`, just before *packet*, is to be asked for."""
        highest = packet.sequence_number - 1 if self._highest is None else self._highest
        ahead = (packet.sequence_number - highest) & 0xFFFF
        if ahead >= 0x8000:
            return False
        self._highest = packet.sequence_number
        self.missing = [(highest + n) & 0xFFFF for n in range(1, ahead)] if ahead <= ASK_MOST + 1 else []
        if self.missing:
            self._lossy()
        return bool(self.missing)


def receive_at_once(receiver: RTCRtpReceiver, other: Callable[[], None]) -> None:
    """Have sound go from the socket to what `tap_packets` gave, in one call. Everything else (DTLS, RTCP) goes its
    usual way, and so does sound until there are keys for it; *other* is called for each of these first, and must not
    raise. Once, after the answer has been applied: before it, the library may still change the transport."""
    dtls: Any = receiver.transport
    connection: Any = dtls.transport._recv.__self__
    usual: Callable[[bytes, int], None] = connection.data_received

    def data_received(data: bytes, component: int) -> None:
        srtp = dtls._rx_srtp
        if srtp is None or len(data) < _HEADER.size or data[0] >> 6 != _RTP or _RTCP_FIRST <= data[1] <= _RTCP_LAST:
            other()
            usual(data, component)
            return
        dtls._RTCDtlsTransport__rx_packets += 1
        dtls._RTCDtlsTransport__rx_bytes += len(data)
        try:
            plain = srtp.unprotect(data)
        except (SrtpError, ValueError):
            return  # a copy, not from the other end, or longer than anything that is sent
        _at_once(dtls._handle_rtp_data(plain, arrival_time_ms=int(time.time() * 1000)))  # it waits for pictures alone

    connection.data_received = data_received


def unacknowledged(connection: RTCPeerConnection) -> bool:
    """Whether something that was said on a channel of *connection* has not been acknowledged. Any thread."""
    sctp: Any = connection.sctp
    return bool(sctp._data_channel_queue or sctp._outbound_queue or sctp._sent_queue)


def repeat_unacknowledged(connection: RTCPeerConnection) -> None:
    """Send what was said on a channel of *connection* and is not acknowledged once more, at once, as after a time-out
    (RFC 9260, 6.3.3). Nothing, if all is."""
    sctp: Any = connection.sctp
    if sctp._t3_handle is not None:
        sctp._t3_handle.cancel()
        sctp._t3_expired()


class RtpWriter:
    """Sends packets of 20 ms on one connection. Loop only, after the answer has been applied.

    Timestamps are contiguous whatever the pace, for the count of samples is the clock; so are sequence numbers, but for
    `skip`. The first of these is from the lower half, so that the receiver's SRTP meets no early wrap (as aiortc does
    it). No header extension: the SSRC stands in the offer, which is what receivers go by.
    """

    def __init__(self, sender: RTCRtpSender, payload_type: int) -> None:
        self._sender: Any = sender
        self._dtls: Any = sender.transport
        self._ssrc: int = self._sender._ssrc
        self._payload_type = payload_type
        self._marker = _MARKER
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(32)
        self._packets = 0
        self._octets = 0

    def write(self, payload: bytes) -> bytes:
        """Send one packet. Returns the datagram, for `repeat`; empty: the connection cannot, and the packet is gone."""
        header = _HEADER.pack(
            _VERSION_2, self._marker | self._payload_type, self._sequence, self._timestamp, self._ssrc
        )
        dtls = self._dtls
        if dtls.state != "connected":
            return b""
        datagram: bytes = dtls._tx_srtp.protect(header + payload)
        if not self._send(datagram):
            return b""
        self._marker = 0
        self.skip(1)
        self._timestamp = (self._timestamp + STEP) & 0xFFFFFFFF
        self._packets += 1
        self._octets += len(payload)
        return datagram

    def repeat(self, datagram: bytes) -> None:
        """Send again what `write` returned. The receiver's SRTP drops it if it has come. No report counts it."""
        self._send(datagram)

    def skip(self, numbers: int) -> None:
        """Leave out so many sequence numbers. The timestamps stay contiguous: no sound is missing."""
        self._sequence = (self._sequence + numbers) & 0xFFFF

    def missed(self) -> int:
        """How many packets the other end has missed by its last report, each number that was skipped among them."""
        reports: RTCStatsReport = _at_once(self._sender.getStats())
        return sum(report.packetsLost for report in reports.values() if report.type == "remote-inbound-rtp")

    def _send(self, datagram: bytes) -> bool:
        try:
            return _at_once(self._dtls.transport._send(datagram)) is not _WAITS
        except ConnectionError:
            return False

    def report(self) -> None:
        """Bring up to date what the sender's RTCP reports say. Owed once after each batch of `write`."""
        sender = self._sender
        sender._RTCRtpSender__ntp_timestamp = int((time.time() + _NTP_EPOCH_S) * (1 << 32))
        sender._RTCRtpSender__rtp_timestamp = (self._timestamp - STEP) & 0xFFFFFFFF
        sender._RTCRtpSender__packet_count = self._packets
        sender._RTCRtpSender__octet_count = self._octets


def _at_once(work: Coroutine[Any, Any, Any]) -> Any:
    """What *work* comes to, if it need not wait; else it is given up, and `_WAITS` is what comes back."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    return _WAITS


_library_addresses = ice.get_host_addresses


def _host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    return _library_addresses(use_ipv4=use_ipv4, use_ipv6=use_ipv6) or ["127.0.0.1"]


def _met(owner: type, function: str, name: str) -> bool:
    code = getattr(getattr(owner, function, None), "__code__", None)
    return isinstance(code, CodeType) and name in code.co_names
