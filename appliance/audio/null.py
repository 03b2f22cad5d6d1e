"""Devices that are not there, paced as if they were: `silence` to capture from, `null` to play to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.audio.pace import Pacer
from appliance.units import PACKET_MS, Frames, Hertz

if TYPE_CHECKING:
    from appliance.session.media import Block


class SilentMicrophone:
    """`audio.ports.Microphone` that hears nobody, as one does that is muted by a switch of its own."""

    def __init__(self, *, rate_hz: Hertz) -> None:
        self.name = "silence"
        self.rate_hz: Hertz = rate_hz
        self.period_frames: Frames = rate_hz * PACKET_MS // 1000
        self.latency_s = 0.0
        self.live = True
        self._pacer = Pacer()

    @property
    def xruns(self) -> int:
        return self._pacer.xruns

    def look(self) -> None:
        """It is always there."""

    def check(self) -> None:
        """It is always there."""

    def open(self) -> None:
        self._pacer.start(first_ms=PACKET_MS)

    def read(self, block: Block) -> None:
        self._pacer.wait()
        block[:] = 0

    def close(self) -> None:
        """Nothing is held."""


class NullSpeaker:
    """`audio.ports.Speaker` that nobody hears."""

    def __init__(self, *, rate_hz: Hertz = 48_000) -> None:
        self.name = "null"
        self.rate_hz: Hertz = rate_hz
        self.period_frames: Frames = rate_hz * PACKET_MS // 1000
        self.latency_s = 0.0
        self._pacer = Pacer()

    @property
    def xruns(self) -> int:
        return self._pacer.xruns

    def look(self) -> None:
        """It is always there."""

    def check(self) -> None:
        """It is always there."""

    def open(self) -> None:
        self._pacer.start(first_ms=0)

    def write(self, block: Block) -> None:
        self._pacer.wait()

    def close(self) -> None:
        """Nothing is held."""
