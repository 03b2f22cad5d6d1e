"""What an up-link needs of a connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Wire(Protocol):
    """What sends one packet; see `aiortc_private.sending.RtpWriter`."""

    @property
    def is_free(self) -> bool: ...

    def set_free(self) -> None: ...

    def close(self) -> None: ...

    def write(self, payload: bytes, copies: Sequence[bytes]) -> bytes: ...

    def skip(self, numbers: int) -> None: ...

    def report(self) -> None: ...

    def missed(self) -> int: ...


class Sign(Protocol):
    """How to know that the other end has come so far; see `peer.Peer`."""

    def ask(self) -> None:
        """Say something that is acknowledged when it has been read, behind all that was sent before. Loop only."""
        ...

    def owed(self) -> bool:
        """Whether something that was said has not been acknowledged. Any thread."""
        ...

    def again(self) -> None:
        """Say once more, now, what has not been acknowledged. Loop only."""
        ...
