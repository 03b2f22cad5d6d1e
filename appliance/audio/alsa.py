"""Sound cards as `Microphone` and `Speaker`, through ALSA. What is asked of a card and how it is driven is below this.

The microphone keeps a long buffer, which costs no time while it is read in time. The speaker's is four periods: it is
full whenever `write` returns, so its length is the latency, and a writer may be three periods late before a gap is
heard. It is opened full of silence: amplifiers that wake slowly swallow that, and not the first syllable.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from appliance.audio.alsa_cards import Way, locate, look_for
from appliance.audio.alsa_negotiate import open_pcm, wanted
from appliance.audio.alsa_pcm import Pcm
from appliance.audio.convert import FromCard, Shape, ToCard
from appliance.errors import DeviceError
from appliance.telling import tell
from appliance.units import PACKET_MS, Frames, Hertz, Seconds

if TYPE_CHECKING:
    from appliance.session.media import Block

log = logging.getLogger(__name__)

CAPTURE_PERIODS: Final = 10
PLAYBACK_PERIODS: Final = 4
FADE_MS: Final = 5
"""From what is being said to silence, when the speaker is closed meanwhile: shorter is heard as a click."""

_LONG_QUIET: Final = 1_000_000
"""Periods of silence: more than any buffer holds."""
_NOTHING: Block = np.zeros(0, np.int16)


class AlsaMicrophone:
    """`audio.ports.Microphone`: *channel* of the card or PCM *device*. *alsa*: the module `alsaaudio`."""

    def __init__(self, device: str, *, rate_hz: Hertz, channel: int, alsa: Any) -> None:
        self.name = device
        self.rate_hz: Hertz = rate_hz
        self.period_frames: Frames = rate_hz * PACKET_MS // 1000
        self.latency_s: Seconds = 0.0
        self.xruns = 0
        self.live = True
        self._alsa = alsa
        self._channel = channel
        self._want = wanted(rate_hz, channel + 1, CAPTURE_PERIODS)
        self._agreed: Shape | None = None
        self._pcm: Pcm | None = None
        self._converter: FromCard | None = None
        self._pending: Block = _NOTHING

    def look(self) -> None:
        look_for(self.name, Way.CAPTURE)

    def check(self) -> None:
        open_pcm(self._alsa, locate(self.name, Way.CAPTURE), self._want, self._agreed)[0].close()

    def open(self) -> None:
        self._pcm = Pcm(self._alsa, locate(self.name, Way.CAPTURE), self._want, self._agreed)
        self._agreed = self._pcm.shape
        self._converter = FromCard(self._agreed, self._channel, self.rate_hz)
        self.latency_s = self._converter.delay_s
        self._pending = self._converter.convert(self._pcm.first)
        _state(self.name, Way.CAPTURE, self._agreed, self.latency_s)

    def read(self, block: Block) -> None:
        filled = 0
        while filled < len(block):
            if not len(self._pending):
                self._pending = self._next()
            taken = self._pending[: len(block) - filled]
            block[filled : filled + len(taken)] = taken
            self._pending = self._pending[len(taken) :]
            filled += len(taken)

    def close(self) -> None:
        pcm, self._pcm = self._pcm, None
        if pcm is not None:
            pcm.close()

    def _next(self) -> Block:
        """The card's next samples, converted; it may be none, which are then still in the converter."""
        if self._pcm is None or self._converter is None:
            raise DeviceError(f"capture device '{self.name}' is closed; open it first")
        data, lost = self._pcm.read()
        self.xruns += lost
        return self._converter.convert(data)


class AlsaSpeaker:
    """`audio.ports.Speaker`: every channel of the card or PCM *device*. *alsa*: the module `alsaaudio`."""

    def __init__(self, device: str, *, rate_hz: Hertz = 48_000, alsa: Any) -> None:
        self.name = device
        self.rate_hz: Hertz = rate_hz
        self.period_frames: Frames = rate_hz * PACKET_MS // 1000
        self.latency_s: Seconds = PLAYBACK_PERIODS * PACKET_MS / 1000
        self.xruns = 0
        self._alsa = alsa
        self._want = wanted(rate_hz, 1, PLAYBACK_PERIODS)
        self._agreed: Shape | None = None
        self._pcm: Pcm | None = None
        self._converter: ToCard | None = None
        self._last = 0
        self._quiet = _LONG_QUIET

    def look(self) -> None:
        look_for(self.name, Way.PLAYBACK)

    def check(self) -> None:
        open_pcm(self._alsa, locate(self.name, Way.PLAYBACK), self._want, self._agreed)[0].close()

    def open(self) -> None:
        self._pcm = Pcm(self._alsa, locate(self.name, Way.PLAYBACK), self._want, self._agreed)
        self._agreed = self._pcm.shape
        self._converter = ToCard(self._agreed, self.rate_hz)
        self.latency_s = self._agreed.buffer_frames / self._agreed.rate_hz + self._converter.delay_s
        self._quiet = _LONG_QUIET
        _state(self.name, Way.PLAYBACK, self._agreed, self.latency_s)

    def write(self, block: Block) -> None:
        if self._pcm is None or self._converter is None:
            raise DeviceError(f"playback device '{self.name}' is closed; open it first")
        quiet, self._quiet = self._quiet + 1, _LONG_QUIET  # on a device that fails nothing is to be faded out
        self.xruns += self._pcm.write(self._converter.convert(block))
        self._quiet = 0 if block.any() else quiet
        self._last = int(block[-1])

    def close(self) -> None:
        pcm, self._pcm = self._pcm, None
        if pcm is None:
            return
        if self._quiet * PACKET_MS / 1000 < self.latency_s:
            with contextlib.suppress(DeviceError):
                self._fade_out(pcm)
        pcm.close()

    def _fade_out(self, pcm: Pcm) -> None:
        """Play what is still in the device's buffer, and end it without a click."""
        assert self._converter is not None, "made with the device"
        block: Block = np.zeros(self.period_frames, np.int16)
        frames = self.rate_hz * FADE_MS // 1000
        block[:frames] = np.linspace(self._last, 0, frames)
        pcm.write(self._converter.convert(block))
        pcm.play_out()


def _state(name: str, way: Way, shape: Shape, latency_s: Seconds) -> None:
    """What a card has agreed to, for who looks for the cause of a delay or a bad sound."""
    tell(
        log,
        logging.DEBUG,
        "device_opened",
        device=name,
        way=way.value,
        format=shape.format,
        channels=shape.channels,
        rate_hz=shape.rate_hz,
        buffer_ms=round(shape.buffer_frames * 1000 / shape.rate_hz),
        latency_ms=round(latency_s * 1000),
    )
