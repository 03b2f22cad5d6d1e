"""What the two sound roads and the wire share: packets in, packets out, and the codec between them.

The wire's format belongs to the transport, so a connection hands over a `MediaLink`, and neither `audio` nor
`transport` has to know the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from appliance.units import Frames, Hertz

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Block = NDArray[np.int16]
    """One period of mono samples, shape (frames,)."""


class Encoder(Protocol):
    """Turns periods into packets. Used by the capture thread only, in order."""

    silence: bytes
    """A packet that decodes to silence, whatever came before it."""

    def encode(self, block: Block) -> bytes:
        """One 20 ms period of mono samples at the rate the encoder was made for, as one packet."""
        ...

    def close(self) -> None:
        """Give its memory back. Idempotent; owed once by the last user."""
        ...


class Decoder(Protocol):
    """Turns packets into periods. Used by the playback thread only, in order."""

    def decode(self, packet: bytes, out: Block) -> Frames:
        """Decode *packet* into the start of *out*; returns the frames written. Raises `CodecError`, *out* undefined."""
        ...

    def conceal(self, out: Block) -> None:
        """Fill all of *out* with a guess at what was lost, fading as losses go on."""
        ...

    def carries_copy(self, packet: bytes) -> bool:
        """Whether *packet* carries a copy of the one sent before it. Any thread; nothing is too wrong for it."""
        ...

    def recover(self, packet: bytes, out: Block) -> None:
        """Fill all of *out*, as long as one packet, with the copy in *packet*, which is still to be decoded itself.

        Raises `CodecError`, *out* undefined.
        """
        ...

    def close(self) -> None:
        """Give its memory back. Idempotent; owed once by the last user."""
        ...


class Codec(Protocol):
    """Makes the two halves for one session. Cheap; no state is kept between sessions."""

    def encoder(self, rate_hz: Hertz) -> Encoder: ...

    def decoder(self, rate_hz: Hertz) -> Decoder: ...


class Care(Enum):
    """How much a batch of packets matters, for a wire that can do something about it."""

    LOOSE = "loose"
    """Silence that nobody misses."""
    SAFE = "safe"
    """Words, and the silence that pushes them through."""
    LAST = "last"
    """As SAFE; and what is done next rests on their having arrived: the other end is asked for a sign behind them."""
    FRESH = "fresh"
    """As SAFE; and all that went before has been pushed through, so that the other end may forget what it holds."""


Send = Callable[[Sequence[bytes], Care], None]
"""Hands packets of 20 ms to the wire, oldest first. Any thread; never blocks; a closed link takes and drops them."""

Receive = Callable[[int, int, bytes], None]
"""Takes one packet from the wire, as it came: sequence number (16 bit), timestamp (32 bit, wire clock), payload.
Event loop; must not block."""


def _nothing_waits() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class MediaLink:
    """What a connection offers to the roads once it is up."""

    codec: Codec
    send: Send
    waiting: Callable[[], bool] = _nothing_waits
    """Whether packets that were handed over have not been sent yet, or the LAST ones lack their sign, though not for
    ever. Any thread."""
