"""The names, and where each must be met: set in one function, and still looked at by another."""

from __future__ import annotations

from importlib.metadata import version
from types import CodeType
from typing import Final

from aioice import ice
from aiortc import RTCDtlsTransport, RTCIceTransport, RTCRtpReceiver, RTCRtpSender, RTCSctpTransport

from appliance.errors import UnavailableError

PINNED: Final = "1.16.0"

NAMES: Final[tuple[tuple[type, str, str], ...]] = (
    (RTCRtpReceiver, "__init__", "_RTCRtpReceiver__jitter_buffer"),
    (RTCRtpReceiver, "_handle_rtp_packet", "_RTCRtpReceiver__jitter_buffer"),
    (RTCRtpReceiver, "__init__", "_RTCRtpReceiver__nack_generator"),
    (RTCRtpReceiver, "_handle_rtp_packet", "_RTCRtpReceiver__nack_generator"),
    (RTCRtpReceiver, "_handle_rtp_packet", "_RTCRtpReceiver__remote_streams"),
    (RTCRtpReceiver, "_run_rtcp", "_RTCRtpReceiver__remote_streams"),
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
    (ice.StunProtocol, "send_data", "transport"),
    (ice.Connection, "__init__", "_protocols"),
    (ice.Connection, "get_component_candidates", "_protocols"),
    (ice.Connection, "check_complete", "_nominated"),
    (ice.Connection, "sendto", "_nominated"),
    (ice.Connection, "gather_candidates", "get_host_addresses"),
)


def verify() -> None:
    """Raises `UnavailableError`, naming what is missing, if the installed aiortc is not built as we need it."""
    missing = [
        f"{owner.__name__}.{function}: {name}" for owner, function, name in NAMES if not _met(owner, function, name)
    ]
    if missing:
        raise UnavailableError(
            f"aiortc {version('aiortc')} is not built like {PINNED}, which this program was made for; it lacks "
            f"{', '.join(missing)}; install aiortc=={PINNED}"
        )


def _met(owner: type, function: str, name: str) -> bool:
    code = getattr(getattr(owner, function, None), "__code__", None)
    return isinstance(code, CodeType) and name in code.co_names
