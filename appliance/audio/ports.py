"""The two device ports. Every kind of device, the WAV and silent ones included, passes the same contract suite.

Each object belongs to one thread (capture or playback), which makes every call after construction. The device is the
clock of its road: `read` and `write` return at the pace of the samples, never faster over any stretch longer than
the device's buffer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from appliance.units import Frames, Hertz

if TYPE_CHECKING:
    from appliance.session.media import Block


class Microphone(Protocol):
    """A capture device, mono 16 bit to the outside."""

    name: str
    """As a person would say it: the configured string."""
    rate_hz: Hertz
    period_frames: Frames
    """20 ms at `rate_hz`."""
    latency_s: float
    """From the air, as the last sample of a period, to the end of `read`."""

    @property
    def live(self) -> bool:
        """What was read last has a converter behind it, with noise of its own: exact silence is a fault. False: it may
        be meant."""
        ...

    @property
    def xruns(self) -> int:
        """How often the reader came too late for the device's buffer. Only grows; any thread may read it."""
        ...

    def look(self) -> None:
        """Look whether it is still there, as far as that can be told without opening it. While it is closed. Raises
        `DeviceError`."""
        ...

    def check(self) -> None:
        """Look whether it could be opened, without capturing anything. While it is closed. Raises `DeviceError`."""
        ...

    def open(self) -> None:
        """Open and start capturing. Raises `DeviceError`. Closed again it can be opened again, for ever."""
        ...

    def read(self, block: Block) -> None:
        """Fill *block*, shape (period_frames,), with the next period, waiting for it.

        Raises `DeviceError`; `close` is then owed.
        """
        ...

    def close(self) -> None:
        """Stop and let go of the device. Idempotent, never raises."""
        ...


class Speaker(Protocol):
    """A playback device, mono 16 bit from the outside."""

    name: str
    rate_hz: Hertz
    """One that Opus decodes to: 8, 12, 16, 24 or 48 kHz."""
    period_frames: Frames
    """20 ms at `rate_hz`."""
    latency_s: float
    """From the end of `write` to the ear."""

    @property
    def xruns(self) -> int:
        """How often the writer came too late, and a gap was heard. Only grows; any thread may read it."""
        ...

    def look(self) -> None:
        """As a microphone's."""
        ...

    def check(self) -> None:
        """Look whether it could be opened, without a sound. While it is closed. Raises `DeviceError`."""
        ...

    def open(self) -> None:
        """Open, ready to play. Raises `DeviceError`."""
        ...

    def write(self, block: Block) -> None:
        """Play one period, shape (period_frames,), waiting for room. Raises `DeviceError`; `close` is then owed."""
        ...

    def close(self) -> None:
        """Stop and let go of the device. Idempotent, never raises."""
        ...
