"""Sound on its way in: from the socket to its taker in one call.

Theory of operation. The library hands a datagram through six layers, each of which looks at it for cases that ordinary
sound never is. So the first packet of a stream, and each that is not the next one of the same kind, goes the library's
way, which ends at our two stand-ins, for its NACK generator and its jitter buffer; what passes there tells how the next
ordinary packet begins. A packet that begins so is counted and taken at once. Everything else that comes (STUN, DTLS,
RTCP) goes its usual way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from aiortc import RTCRtpReceiver
from pylibsrtp import Error as SrtpError

from appliance.session.media import Receive
from appliance.transport.aiortc_private.at_once import at_once

if TYPE_CHECKING:
    from aiortc.rtp import RtpPacket

ASK_MOST: Final = 10
"""Packets missing in a row: of 200 ms, none would come in time."""

_HEADER = Struct("!BBHII")
_EXTENSION = Struct("!HH")
_RTP = 2
"""The first two bits of what is neither DTLS nor STUN (RFC 7983)."""
_PADDED, _EXTENDED, _SOURCES = 0x20, 0x10, 0x0F
"""In the first byte (RFC 3550, 5.1)."""
_MARKER = 0x80
_RTCP_FIRST, _RTCP_LAST = 192, 223
"""Second bytes that are not sound's (RFC 5761, 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Who is called, on the loop. None of them may raise."""

    packet: Receive
    """A packet of sound, in the order of arrival and before any buffer. None has a payload type that was not
    negotiated."""
    empty: Callable[[], None]
    """A packet of padding, without sound."""
    other: Callable[[], None]
    """Something else than sound came for the connection, or sound before there were keys for it. Before it is dealt
    with."""
    lossy: Callable[[], None]
    """Packets are missing. The other end is told at once which (RFC 4585, 6.2.1), once of each; what it makes of that
    is its own affair, and what comes twice is dropped by SRTP."""


def receive(receiver: RTCRtpReceiver, incoming: Incoming) -> None:
    """Have *incoming* get what comes for *receiver*. Once, after the answer has been applied and before anything has
    come: earlier, the library may still change the transport."""
    sound = _Sound(receiver, incoming)
    transport: Any = receiver.transport
    connection: Any = transport.transport._recv.__self__
    _announce(connection, incoming.other)
    for protocol in connection._protocols:
        _divert(protocol, sound.take)


def _divert(protocol: Any, take: Callable[[bytes], bool]) -> None:
    """Show what *protocol* reads to *take* first, which says whether it was sound."""
    usual: Callable[[bytes, tuple[Any, ...]], None] = protocol.datagram_received

    def datagram_received(data: bytes, addr: tuple[Any, ...]) -> None:
        if not take(data):
            usual(data, addr)

    protocol.datagram_received = datagram_received


def _announce(connection: Any, other: Callable[[], None]) -> None:
    """Call *other* before what *connection* takes in."""
    usual: Callable[[bytes, int], None] = connection.data_received

    def data_received(data: bytes, component: int) -> None:
        other()
        usual(data, component)

    connection.data_received = data_received


class _Sound:
    """The short way. It counts as the library does, but for the time of a source's last packet, which we do not ask;
    and it does not look at what header extensions say."""

    def __init__(self, receiver: RTCRtpReceiver, incoming: Incoming) -> None:
        inside: Any = receiver
        self._dtls = inside.transport
        self._streams = inside._RTCRtpReceiver__remote_streams
        self._packet = incoming.packet
        self._ordinary = _Ordinary(incoming.lossy)
        inside._RTCRtpReceiver__nack_generator = self._ordinary
        inside._RTCRtpReceiver__jitter_buffer = _Tap(incoming)

    def take(self, data: bytes) -> bool:
        """Take *data*, as it came from the socket. False: it is no sound, or there are no keys for it."""
        dtls = self._dtls
        srtp = dtls._rx_srtp
        if srtp is None or len(data) < _HEADER.size or data[0] >> 6 != _RTP or _RTCP_FIRST <= data[1] <= _RTCP_LAST:
            return False
        dtls._RTCDtlsTransport__rx_packets += 1
        dtls._RTCDtlsTransport__rx_bytes += len(data)
        try:
            plain: bytes = srtp.unprotect(data)
        except (SrtpError, ValueError):
            return True  # a copy, not from the other end, or longer than anything that is sent
        if not self._take_ordinary(plain):
            at_once(dtls._handle_rtp_data(plain, arrival_time_ms=int(time.time() * 1000)))  # it waits for pictures only
        return True

    def _take_ordinary(self, plain: bytes) -> bool:
        ordinary = self._ordinary
        flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(plain)
        if not ordinary.expects(sequence, kind & ~_MARKER, ssrc) or flags & _PADDED:
            return False
        begin = _HEADER.size + 4 * (flags & _SOURCES)
        if flags & _EXTENDED:
            if len(plain) < begin + _EXTENSION.size:
                return False
            begin += _EXTENSION.size + 4 * _EXTENSION.unpack_from(plain, begin)[1]
        if len(plain) <= begin:
            return False  # it has no sound, or is no RTP
        ordinary.sequence_number, ordinary.timestamp = sequence, timestamp
        self._streams[ssrc].add(ordinary)
        self._packet(sequence, timestamp, plain[begin:])
        return True


class _Ordinary:
    """What the next packet has to be, to be an ordinary one. And it stands where aiortc has a NACK generator for
    pictures, which asks for all that is missing each time that more is: what comes by there has a known payload type,
    and is counted."""

    def __init__(self, lossy: Callable[[], None]) -> None:
        self.missing: list[int] = []
        """What is to be asked for; the library's name for it."""
        self.sequence_number = -1
        """Of the newest packet; these two are what the library's statistics look at."""
        self.timestamp = 0
        self._kind = -1
        self._ssrc = -1
        self._lossy = lossy

    def expects(self, sequence: int, kind: int, ssrc: int) -> bool:
        """Whether packet *sequence* of the payload type *kind* comes just behind the newest, from the same source."""
        return sequence == self.sequence_number + 1 & 0xFFFF and kind == self._kind and ssrc == self._ssrc

    def add(self, packet: RtpPacket) -> bool:
        """Whether `missing`, just before *packet*, is to be asked for."""
        highest = packet.sequence_number - 1 if self._kind < 0 else self.sequence_number
        ahead = (packet.sequence_number - highest) & 0xFFFF
        if ahead >= 0x8000:
            return False
        self.sequence_number = packet.sequence_number
        self._kind, self._ssrc = packet.payload_type, packet.ssrc
        self.missing = [(highest + n) & 0xFFFF for n in range(1, ahead)] if ahead <= ASK_MOST + 1 else []
        if self.missing:
            self._lossy()
        return bool(self.missing)


class _Tap:
    """Stands where aiortc's jitter buffer stood, and never has a frame for its decoder."""

    def __init__(self, incoming: Incoming) -> None:
        self._packet, self._empty = incoming.packet, incoming.empty

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        if packet.payload:
            self._packet(packet.sequence_number, packet.timestamp, packet.payload)
        else:
            self._empty()
        return False, None
