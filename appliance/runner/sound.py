"""What a bot says and hears: a voice that is always on the wire, and an ear that cuts what it hears into turns.

Everything is 48 kHz mono as it comes out of the decoder, so that an echo is exactly what was heard. Event loop only.
"""

from __future__ import annotations

import asyncio
import fractions
import time
from collections import deque
from collections.abc import Callable

import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame
from numpy.typing import NDArray

from appliance.units import Dbfs, Frames, Hertz, Seconds

Samples = NDArray[np.int16]

RATE_HZ: Hertz = 48_000
PERIOD_FRAMES: Frames = 960
"""20 ms: aiortc loses audio in longer frames."""

_STOPPED_AFTER = 18
"""Periods without sound after which the bot has stopped speaking: 0.35 s, as a development runner judges it."""


class Voice:
    """What the bot says, in order. It outlives its track, because a client may come back on a new one."""

    def __init__(self, *, heard_by: Callable[[], bool], speaking: Callable[[bool], None]) -> None:
        """*heard_by*: whether anybody listens (what is said to nobody is gone). *speaking* is told of each change."""
        self._heard_by = heard_by
        self._tell = speaking
        self._periods: deque[Samples] = deque()
        self._quiet = _STOPPED_AFTER
        self._dead = False
        self._drained = asyncio.Event()
        self._drained.set()

    def say(self, samples: Samples) -> None:
        """Add *samples* to what is said; the last period is filled up with silence."""
        if self._dead:
            return
        whole = np.zeros(-(-len(samples) // PERIOD_FRAMES) * PERIOD_FRAMES, np.int16)
        whole[: len(samples)] = samples
        self._periods.extend(whole.reshape(-1, PERIOD_FRAMES))
        if self._periods:
            self._drained.clear()

    def hush(self) -> None:
        """Say nothing more of what is waiting."""
        self._periods.clear()
        self._drained.set()
        if self._quiet < _STOPPED_AFTER:
            self._quiet = _STOPPED_AFTER
            self._tell(False)

    def die(self) -> None:
        """Never say anything again: silence goes on."""
        self._dead = True
        self.hush()

    async def drained(self) -> None:
        """Wait until all has been said, or dropped."""
        await self._drained.wait()

    def next(self) -> Samples | None:
        """The next period; None is silence."""
        if self._periods and not self._heard_by():
            self.hush()
        if self._periods:
            period = self._periods.popleft()
            if self._quiet >= _STOPPED_AFTER:
                self._tell(True)
            self._quiet = 0
            return period
        self._drained.set()
        if self._quiet < _STOPPED_AFTER:
            self._quiet += 1
            if self._quiet == _STOPPED_AFTER:
                self._tell(False)
        return None


class VoiceTrack(MediaStreamTrack):
    """A voice on the wire of one connection: a frame each 20 ms, silence where there is nothing to say. Used once."""

    kind = "audio"

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self._voice = voice
        self._began_s = time.monotonic()
        self._sent: Frames = 0

    async def recv(self) -> AudioFrame:
        """The next frame, when it is due."""
        if self.readyState != "live":
            raise MediaStreamError
        wait_s = self._began_s + self._sent / RATE_HZ - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        period = self._voice.next()
        frame = AudioFrame.from_ndarray(_SILENCE if period is None else period[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts = self._sent
        frame.time_base = fractions.Fraction(1, RATE_HZ)
        self._sent += PERIOD_FRAMES
        return frame


_SILENCE: Samples = np.zeros((1, PERIOD_FRAMES), np.int16)


class Ear:
    """Cuts what is heard into turns: by the client's messages, or by level as long as there were none.

    Sound is counted, not time: a client may send faster than real time. *started* is called when somebody begins to
    speak, *ended* with all of the turn when they have finished.
    """

    LONGEST_S: Seconds = 90.0
    """What a turn may hold. Longer ones lose their end, so that nobody fills the memory."""
    OPEN_DBFS: Dbfs = -42.0
    CLOSE_DBFS: Dbfs = -48.0
    QUIET_S: Seconds = 0.8
    _BEFORE_LEVEL = 15
    """Periods kept up to the one in which speech was noticed by level: 300 ms, for a soft first sound."""
    _BEFORE_MESSAGE = 5
    """Periods kept from before a `start`: 100 ms. Message and sound travel apart, and sound may be the quicker one."""

    def __init__(self, *, started: Callable[[], None], ended: Callable[[Samples], None]) -> None:
        self._started = started
        self._ended = ended
        self._before: deque[Samples] = deque(maxlen=self._BEFORE_LEVEL)
        self._turn: list[Samples] | None = None
        self._frames: Frames = 0
        self._quiet: Frames = 0
        self._by_message = False

    def hear(self, samples: Samples) -> None:
        """Take one frame of sound."""
        if self._turn is None:
            self._before.append(samples)
            if not self._by_message and dbfs(samples) >= self.OPEN_DBFS:
                self._open()
            return
        if self._frames < self.LONGEST_S * RATE_HZ:
            self._turn.append(samples)
            self._frames += len(samples)
        if not self._by_message:
            self._quiet = 0 if dbfs(samples) >= self.CLOSE_DBFS else self._quiet + len(samples)
            if self._quiet >= self.QUIET_S * RATE_HZ:
                self._close()

    def start(self) -> None:
        """The client says that a turn begins. From now on only the client says so."""
        if not self._by_message:
            self._by_message = True
            self._before = deque(self._before, maxlen=self._BEFORE_MESSAGE)
        self._open()

    def stop(self) -> None:
        """The client says that the turn is over; without a turn it means nothing."""
        if self._turn is not None:
            self._close()

    def lull(self) -> None:
        """No sound came for a while: a turn that was found by level is over."""
        if self._turn is not None and not self._by_message:
            self._close()

    def _open(self) -> None:
        self._turn = list(self._before)
        self._frames = sum(map(len, self._turn))
        self._quiet = 0
        self._before.clear()
        self._started()

    def _close(self) -> None:
        turn, self._turn = self._turn or [], None
        self._ended(np.concatenate(turn) if turn else np.zeros(0, np.int16))


def dbfs(samples: Samples) -> Dbfs:
    """RMS level of *samples*; silence reads -120."""
    power = float(np.mean(np.square(samples.astype(np.float32)))) if len(samples) else 0.0
    return max(-120.0, 10.0 * float(np.log10(power / 32768.0**2 + 1e-12)))


def mono(frame: AudioFrame) -> Samples:
    """A decoded frame of packed 16-bit samples as one channel: the left one, for a bot hears no direction."""
    return np.ascontiguousarray(frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0])


def greeting() -> Samples:
    """The greeting: three rising notes in 0.9 s, each swelling and fading, so that an ear or a correlation finds it."""
    at_s = np.arange(int(0.3 * RATE_HZ)) / RATE_HZ
    swell = np.sin(np.pi * at_s / 0.3) ** 2
    notes = [np.sin(2 * np.pi * hz * at_s) * swell for hz in (523.25, 659.25, 783.99)]
    return (np.concatenate(notes) * 9000).astype(np.int16)


def tone(seconds: Seconds, hz: float = 440.0) -> Samples:
    """A steady tone; whole seconds of a whole number of hertz join without a click."""
    return (np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ) * 8000).astype(np.int16)
