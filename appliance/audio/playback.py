"""The playback thread: the bot's stream and the cues, at the configured volume, onto the speaker.

Theory of operation. The device is the clock: a period written is a period decoded. The speaker is open from the opening
of a session's stream to its close, silence included, so that what comes is heard without the delay of an opening. A
stream that is drained plays what has arrived, then the device's own latency, and closes. A cue is mixed into what is
played, or opens the speaker for its own length; one that cannot be heard is nobody's trouble. With neither the thread
sleeps. A speaker that fails in a session is opened again (`keeper`), and plays what arrives from then on.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from appliance.audio.arrivals import PlayoutCounters
from appliance.audio.keeper import Keeper
from appliance.audio.level import SILENCE_DBFS, rms_dbfs
from appliance.audio.loudness import Audibility
from appliance.audio.mixer import Mixer
from appliance.audio.stream import BotStream
from appliance.audio.worker import Clock, Crashed, Worker
from appliance.errors import DeviceError
from appliance.session.effects import Cue
from appliance.session.events import BotAudible, Device, DeviceState, Event
from appliance.units import PACKET_MS, Dbfs, Seconds

if TYPE_CHECKING:
    from appliance.audio.ports import Speaker
    from appliance.session.media import Block, Codec

NO_CUES: Mapping[Cue, Block] = MappingProxyType({})


class Playback(Worker):
    """One for the life of the process. All methods: any thread, never blocking (`stop` joins).

    *report*, *played* and *crashed* are called on the playback thread; the first two must not block. *played* gets the
    time until which an audible period leaves the speaker, no sooner than it does. *volume*: 0 to 1. *cues*: their
    sounds, at the speaker's rate.
    """

    def __init__(
        self,
        speaker: Speaker,
        report: Callable[[Event], None],
        crashed: Crashed,
        *,
        volume: float,
        cues: Mapping[Cue, Block] = NO_CUES,
        played: Callable[[Seconds], None] = lambda until_s: None,
        clock: Clock = time.monotonic,
    ) -> None:
        super().__init__("playback", crashed, clock)
        self._speaker = speaker
        self._report = report
        self._played = played
        self.set_volume(volume)
        self._block: Block = np.zeros(speaker.period_frames, np.int16)
        self._wide = np.zeros(speaker.period_frames, np.int32)
        self._incoming: BotStream | None = None  # takes packets; the callers'
        self._stream: BotStream | None = None  # is being played; the thread's
        self._audibility = Audibility()
        self._mixer = Mixer(cues, speaker.period_frames)
        self._cue_heard = False  # in the last period
        self._muted = False
        self._device = Keeper(Device.SPEAKER, speaker, report, clock)
        self._tail = 0  # periods of silence still to be written behind the last sound

    @property
    def state(self) -> DeviceState:
        """Of the speaker; `CLOSED` when a drained stream has been played to its end."""
        return self._device.state

    @property
    def counters(self) -> PlayoutCounters:
        """Of the present or last session; a copy."""
        stream = self._incoming
        return stream.counters if stream else PlayoutCounters()

    @property
    def xruns(self) -> int:
        return self._speaker.xruns

    @property
    def level_dbfs(self) -> Dbfs:
        """Of the last period played, volume included; `SILENCE_DBFS` while it is closed. Measured when asked for."""
        return rms_dbfs(self._block) if self._device.is_open else SILENCE_DBFS

    def start(self) -> None:
        """Once. A speaker that is missing is told of before anybody needs it."""
        self._post(self._device.check)
        super().start()

    def open(self, codec: Codec) -> None:
        """Play what comes, for a new session. Answered by `DeviceChanged`."""
        stream = BotStream(codec, self._speaker.rate_hz)
        stream.mute(self._muted)
        self._incoming = stream  # at once: packets must not wait for a slow device to open
        self._post(functools.partial(self._begin, stream))

    def push(self, sequence: int, timestamp: int, payload: bytes) -> None:
        """Take a packet of the present session, as it came from the wire (`session.media.Receive`)."""
        if self._incoming is not None:
            self._incoming.push(sequence, timestamp, payload, self._clock())

    def silence(self) -> None:
        """Forget what has arrived, within one period."""
        if self._incoming is not None:
            self._incoming.flush()

    def mute(self, on: bool) -> None:
        """Throw away what arrives, in this session and those to come; or play again."""
        self._muted = on
        if self._incoming is not None:
            self._incoming.mute(on)

    def play_cue(self, cue: Cue) -> None:
        """Over what is played, or alone. One that sounds gives way to it."""
        self._post(functools.partial(self._start_cue, cue))

    def stop_cue(self) -> None:
        """Let no cue be heard, within one period."""
        self._post(self._mixer.stop)

    def set_volume(self, volume: float) -> None:
        """0 to 1, from the next period on."""
        self._gain = round(volume * (1 << 15))

    def close(self, drain: bool) -> None:
        """End the session's sound: after what has arrived has been played, or at once. Then `DeviceChanged`."""
        if self._incoming is not None:
            self._incoming.drain()
        if not drain:
            self.silence()
        self._post(self._drain if drain else self._finish)

    # --- on the thread

    def _begin(self, stream: BotStream) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = stream
        if self._device.open():
            self._opened()

    def _start_cue(self, cue: Cue) -> None:
        if not self._mixer.has(cue):
            return
        if not self._device.is_open and (self._stream is not None or not self._device.open(quietly=True)):
            return  # a session's speaker comes back at its own time
        self._opened()
        self._mixer.start(cue)

    def _opened(self) -> None:
        self._tail = math.ceil(self._speaker.latency_s * 1000 / PACKET_MS)

    def _drain(self) -> None:
        """What a missing speaker cannot play is not waited for."""
        if not self._device.is_open:
            self._finish()

    def _period(self) -> None:
        stream = self._stream
        if not self._device.is_open:
            self._rest()
            return
        sounds = stream is not None and stream.fill(self._block)
        if stream is None:
            self._block[:] = 0
        self._hear(self._block if sounds else None)
        self._cue_heard = self._mixer.mix(self._block)
        if (sounds or self._cue_heard) and self._gain != 1 << 15:
            self._scale()
        self._tell_played()  # before the write too, which takes its time: some of the period may sound meanwhile
        try:
            self._speaker.write(self._block)
        except DeviceError as error:
            self._inaudible()
            self._mixer.stop()
            self._device.failed(error)
            if stream is None or stream.draining:
                self._finish()
            return
        self._device.advanced()
        self._tell_played()
        if (stream is None or stream.drained) and not self._mixer.sounding:
            self._tail -= 1
            if self._tail < 0:
                self._finish()

    def _tell_played(self) -> None:
        if self._audibility.heard or self._cue_heard:
            self._played(self._clock() + self._speaker.latency_s + PACKET_MS / 1000)

    def _scale(self) -> None:
        """Volume, in whole numbers: numpy would make new arrays of floating ones."""
        np.multiply(self._block, self._gain, out=self._wide, dtype=np.int32)
        np.right_shift(self._wide, 15, out=self._wide)
        self._block[:] = self._wide

    def _hear(self, block: Block | None) -> None:
        if self._audibility.hear(block):
            self._report(BotAudible(self._audibility.on))

    def _rest(self) -> None:
        """Wait for a command, or until a device that failed is due; what has arrived by then is out of date."""
        due_s, stream = self._device.due_s, self._stream
        self._wait(due_s)
        if due_s is None or self._clock() < due_s:
            return
        if self._device.again(wanted=stream is not None) and stream is not None:
            stream.flush()
            self._opened()

    def _finish(self) -> None:
        """Let go of the stream, and of the device unless a cue still sounds."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.drain()
            stream.close()
        self._inaudible()
        if not self._mixer.sounding:
            self._device.close()

    def _inaudible(self) -> None:
        if self._audibility.stop():
            self._report(BotAudible(False))

    def _end(self) -> None:
        self._mixer.stop()
        self._finish()

    def _renew(self) -> None:
        """What has arrived is lost with its stream."""
        self._end()
