"""An open ALSA device as a stream of bytes: waited for with a deadline, recovered from xruns. It knows no samples.

Theory of operation. The device is non-blocking: what is not there yet, or has no room yet, is waited for by `poll`,
which gives up the interpreter lock, as reads and writes do. Reading starts a prepared capture stream, writing a
playback stream. An xrun leaves the stream prepared again: a capture stream is started by the next read, a playback
stream gets its cushion of silence again, so that what follows does not run dry at once. Whatever happens, samples
advance within `STALL_S`, or the device counts as stalled.
"""

from __future__ import annotations

import contextlib
import errno
import select
import time
from typing import Any, Final

from appliance.audio import alsa_errors
from appliance.audio.alsa_cards import Device, Way
from appliance.audio.alsa_negotiate import open_pcm
from appliance.audio.convert import FORMATS, Shape
from appliance.errors import DeviceError
from appliance.units import PACKET_MS, Seconds

STALL_S: Seconds = 0.5
"""25 periods: cards that wake from power saving, and sound servers that start, may take 0.2 s for their first one."""

_XRUN: Final = -errno.EPIPE


class Pcm:
    """A started stream. It belongs to one thread; what its methods raise is `DeviceError`, and `close` is then owed."""

    def __init__(self, alsa: Any, device: Device, want: Shape, remembered: Shape | None = None) -> None:
        """As `alsa_negotiate.open_pcm`, and raises as that; nothing is left open then."""
        self._pcm, self.shape = open_pcm(alsa, device, want, remembered)
        self._error: type[Exception] = alsa.ALSAAudioError
        self._device = device
        self._frame_bytes = FORMATS[self.shape.format].itemsize * self.shape.channels
        cushion_frames = max(0, self.shape.buffer_frames - self.shape.rate_hz * PACKET_MS // 1000)
        self._cushion = bytes(cushion_frames * self._frame_bytes) if device.way is Way.PLAYBACK else b""
        self._poll = select.poll()
        self.first = b""
        """Captured by the start itself; most often nothing."""
        try:
            for descriptor, events in self._pcm.polldescriptors():
                self._poll.register(descriptor, events)
            if device.way is Way.CAPTURE:
                self.first = self._read_now()[1]
            else:
                self._write_now(self._cushion)
        except (DeviceError, self._error) as error:
            self.close()
            raise error if isinstance(error, DeviceError) else self._stopped(error) from error

    def read(self) -> tuple[bytes, bool]:
        """The next whole frames, at most a card's period and at least one, waiting for them; and whether some before
        them are lost to an xrun."""
        until_s = time.monotonic() + STALL_S
        lost = False
        while True:
            frames, data = self._read_now()
            if frames > 0:
                return data, lost
            if frames == _XRUN and not lost:
                lost = True  # reading again starts the stream
            else:
                self._wait(until_s)

    def write(self, data: memoryview) -> bool:
        """Play whole frames, waiting for room. The answer is whether it came too late, and a gap was heard."""
        until_s = time.monotonic() + STALL_S
        gap = False
        while len(data):
            frames = self._write_now(data)
            if frames > 0:
                data = data[frames * self._frame_bytes :]
            elif frames == _XRUN and not gap:
                gap = True
                self._write_now(self._cushion)
            else:
                self._wait(until_s)
        return gap

    def play_out(self) -> None:
        """Wait until what was written has left the device, as near as can be told."""
        left = self.shape.buffer_frames - max(0, self._pcm.avail())
        time.sleep(max(0, min(left, self.shape.buffer_frames)) / self.shape.rate_hz)

    def close(self) -> None:
        """Stop at once, and let go of the device. Idempotent, never raises."""
        with contextlib.suppress(self._error):  # a device that is gone cannot be stopped
            self._pcm.drop()  # else closing would wait for what is to be played
        with contextlib.suppress(self._error):
            self._pcm.close()

    def _read_now(self) -> tuple[int, bytes]:
        """What is there: a number of frames, or 0, or `_XRUN`."""
        try:
            frames, data = self._pcm.read()
        except self._error as error:
            raise self._stopped(error) from error
        return frames, data

    def _write_now(self, data: memoryview | bytes) -> int:
        """What there is room for: a number of frames, or 0, or `_XRUN`."""
        try:
            frames: int = self._pcm.write(data)
        except self._error as error:
            raise self._stopped(error) from error
        return frames

    def _wait(self, until_s: Seconds) -> None:
        """Until it is worth another try. Raises `DeviceError` when there was none before *until_s*."""
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            raise alsa_errors.stalled(self._device.way.value, self._device.name, STALL_S)
        ready = self._poll.poll(left_s * 1000)
        try:
            self._pcm.polldescriptors_revents(ready)  # plugins take back their wake-up here
        except self._error as error:
            raise self._stopped(error) from error

    def _stopped(self, error: Exception) -> DeviceError:
        return alsa_errors.stopped(self._device.way.value, self._device.name, error)
