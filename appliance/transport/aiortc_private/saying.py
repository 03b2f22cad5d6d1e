"""What has been said on the data channel, and whether it has come."""

from __future__ import annotations

from typing import Any

from aiortc import RTCPeerConnection


def unacknowledged(connection: RTCPeerConnection) -> bool:
    """Whether something that was said on a channel of *connection* has not been acknowledged. Any thread."""
    sctp: Any = connection.sctp
    return bool(sctp._data_channel_queue or sctp._outbound_queue or sctp._sent_queue)


def repeat_unacknowledged(connection: RTCPeerConnection) -> None:
    """Send what was said on a channel of *connection* and is not acknowledged once more, at once, as after a time-out
    (RFC 9260, 6.3.3). Nothing, if all is. Loop only."""
    sctp: Any = connection.sctp
    if sctp._t3_handle is not None:
        sctp._t3_handle.cancel()
        sctp._t3_expired()
