"""Sound on its way out: header, SRTP and socket in one call, from whatever thread has made it."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Sequence
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from aiortc import RTCRtpSender
from pylibsrtp import Error as SrtpError

from appliance.transport.aiortc_private.at_once import WAITS, at_once
from appliance.units import PACKET_MS

if TYPE_CHECKING:
    from aiortc import RTCStatsReport

STEP: Final = 48 * PACKET_MS
"""Opus counts at 48 kHz, whatever it was encoded from (RFC 7587)."""

_HEADER = Struct("!BBHII")
_VERSION_2 = 0x80
_MARKER = 0x80
_NTP_EPOCH_S = 2208988800
"""From 1900 to 1970."""
_COMPONENT = 1
"""Of ICE: RTP, and with it all else."""


class RtpWriter:
    """Sends packets of 20 ms on one connection. Made on the loop, after the answer has been applied; `close` owed.

    `write`, `skip` and `report`: one thread at a time, the loop's unless it `is_free`. Timestamps are contiguous
    whatever the pace, for the count of samples is the clock; so are sequence numbers, but for `skip`. The first of
    these is from the lower half, so that the receiver's SRTP meets no early wrap (as aiortc does it). No header
    extension: the SSRC stands in the offer, which is what receivers go by.
    """

    def __init__(self, sender: RTCRtpSender, payload_type: int) -> None:
        dtls: Any = sender.transport
        self._sender: Any = sender
        self._dtls = dtls
        self._connection = dtls.transport._send.__self__
        self._direct: DirectSocket | None = None
        self._ssrc: int = self._sender._ssrc
        self._payload_type = payload_type
        self._marker = _MARKER
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(32)
        self._packets = 0
        self._octets = 0

    @property
    def is_free(self) -> bool:
        """Whether packets need not be sent on the loop. Any thread; it may end by itself, and `set_free` bring it
        back."""
        return self._direct is not None and self._direct.pair is self._pair()

    def set_free(self) -> None:
        """Have packets sent around the loop, if there is a way: a connection that stands, and not by a relay; then it
        `is_free`. Loop only, and no other call may be under way."""
        if self.is_free:
            return
        self.close()
        pair = self._pair()
        plain = None if pair is None else pair.protocol.transport.get_extra_info("socket")
        if plain is None or self._dtls.state != "connected":
            return
        if not isinstance(self._dtls._tx_srtp, _OneAtATime):
            self._dtls._tx_srtp = _OneAtATime(self._dtls._tx_srtp)
        self._direct = DirectSocket(pair, plain.dup())

    def close(self) -> None:
        """Let go of what `set_free` took. Any thread, while no other call is under way. Idempotent."""
        direct, self._direct = self._direct, None
        if direct is not None:
            direct.close()

    def write(self, payload: bytes, copies: Sequence[bytes] = ()) -> bytes:
        """Send one packet, and before it *copies* of what went out before: the receiver's SRTP drops what has come, and
        no report counts them. Returns the datagram; empty: the connection cannot, and the packet is gone."""
        header = _HEADER.pack(
            _VERSION_2, self._marker | self._payload_type, self._sequence, self._timestamp, self._ssrc
        )
        dtls = self._dtls
        if dtls.state != "connected":
            return b""
        try:
            datagram: bytes = dtls._tx_srtp.protect(header + payload)
        except SrtpError:
            return b""
        # Only now: what is sent wakes the other end, and that may be on this very processor.
        for copy in copies:
            self._send(copy)
        if not self._send(datagram):
            return b""
        self._marker = 0
        self.skip(1)
        self._timestamp = (self._timestamp + STEP) & 0xFFFFFFFF
        self._packets += 1
        self._octets += len(payload)
        return datagram

    def skip(self, numbers: int) -> None:
        """Leave out so many sequence numbers. The timestamps stay contiguous: no sound is missing."""
        self._sequence = (self._sequence + numbers) & 0xFFFF

    def report(self) -> None:
        """Bring up to date what the sender's RTCP reports say. Owed once after each batch of `write`."""
        sender = self._sender
        sender._RTCRtpSender__ntp_timestamp = int((time.time() + _NTP_EPOCH_S) * (1 << 32))
        sender._RTCRtpSender__rtp_timestamp = (self._timestamp - STEP) & 0xFFFFFFFF
        sender._RTCRtpSender__packet_count = self._packets
        sender._RTCRtpSender__octet_count = self._octets

    def missed(self) -> int:
        """How many packets the other end has missed by its last report, each number that was skipped among them. Loop
        only."""
        reports: RTCStatsReport = at_once(self._sender.getStats())
        return sum(report.packetsLost for report in reports.values() if report.type == "remote-inbound-rtp")

    def _pair(self) -> Any:
        """The addresses that ICE has chosen, which it may choose anew; None: none, or no more."""
        return self._connection._nominated.get(_COMPONENT)

    def _send(self, datagram: bytes) -> bool:
        if self._direct is not None:
            return self._direct.send(datagram)
        try:
            return at_once(self._dtls.transport._send(datagram)) is not WAITS
        except ConnectionError:
            return False


class DirectSocket:
    """The socket of a connection, for who is not on the loop. It takes *plain*, another descriptor of the same."""

    def __init__(self, pair: Any, plain: socket.socket) -> None:
        self.pair = pair
        self._socket = plain
        self._address: tuple[Any, ...] = pair.remote_addr

    def send(self, datagram: bytes) -> bool:
        """False: there is no way to there just now, or no room."""
        try:
            self._socket.sendto(datagram, self._address)
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


class _OneAtATime:
    """The sending half of SRTP, which works on one piece of memory: RTCP comes from the loop, sound from wherever."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._lock = threading.Lock()

    def protect(self, packet: bytes) -> bytes:
        with self._lock:
            protected: bytes = self._session.protect(packet)
        return protected

    def protect_rtcp(self, packet: bytes) -> bytes:
        with self._lock:
            protected: bytes = self._session.protect_rtcp(packet)
        return protected
