"""The capture thread: the microphone's periods into the up-link, its output encoded and handed to the wire.

Theory of operation. While the microphone is open the device is the clock: a period read is a period of the up-link.
While it is closed the thread paces the up-link itself, by deadlines on the monotonic clock, for as long as that has
something to send: at the period while words or silence are under way, once a second while nothing is said. Without a
session it sleeps. Commands are served between periods, so a turn is cut at whole periods only.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.audio.uplink import Uplink, UplinkCounters
from appliance.audio.worker import Clock, Crashed, Worker
from appliance.errors import DeviceError
from appliance.session.events import Device, DeviceChanged, DeviceState, Event, WordsLost
from appliance.units import PACKET_MS, Millis, Seconds

if TYPE_CHECKING:
    from appliance.audio.ports import Microphone
    from appliance.session.media import Block, Encoder, MediaLink

log = logging.getLogger(__name__)

CATCH_UP_MS: Final = 3 * PACKET_MS
"""Deadlines further back are let go: what was not sent while the machine stood still is not sent as a burst."""


class Capture(Worker):
    """One for the life of the process. All methods: any thread, never blocking (`stop` joins); served in order.

    *report* and *crashed* are called on the capture thread; *report* must not block.
    """

    def __init__(
        self,
        microphone: Microphone,
        report: Callable[[Event], None],
        crashed: Crashed,
        *,
        backlog_s: Seconds,
        clock: Clock = time.monotonic,
    ) -> None:
        super().__init__("capture", crashed, clock)
        self._microphone = microphone
        self._report = report
        self._uplink = Uplink(backlog_s=backlog_s, period_frames=microphone.period_frames)
        self._block: Block = np.zeros(microphone.period_frames, np.int16)
        self._open = False
        self._link: MediaLink | None = None
        self._encoder: Encoder | None = None
        self._stepped_s = clock()

    @property
    def counters(self) -> UplinkCounters:
        """A copy."""
        return replace(self._uplink.counters)

    @property
    def backlog_ms(self) -> Millis:
        return self._uplink.backlog_ms

    @property
    def xruns(self) -> int:
        return self._microphone.xruns

    def open_microphone(self, turn: int) -> None:
        """Capture words of *turn* from now on. Answered by `DeviceChanged`, unless it is open already."""
        self._post(functools.partial(self._open_microphone, turn))

    def close_microphone(self, turn: int) -> None:
        """Stop capturing, and end *turn* behind its last word. `DeviceChanged` if it was open, and `TurnDelivered`."""
        self._post(functools.partial(self._close_turn, turn))

    def drop_words(self) -> None:
        """Stop capturing, and forget words and turn. Answered by `WordsLost` if there were any."""
        self._post(self._drop_words)

    def deliver(self, link: MediaLink) -> None:
        """Words may go to *link* from now on, those kept first."""
        self._post(functools.partial(self._deliver, link))

    def hold(self) -> None:
        """Words may not leave any more."""
        self._post(self._hold)

    # --- commands, on the thread

    def _open_microphone(self, turn: int) -> None:
        self._uplink.open_turn(turn)
        if self._open:
            return
        try:
            self._microphone.open()
        except DeviceError as error:
            self._failed(error)
            return
        self._open = True
        self._report(DeviceChanged(Device.MICROPHONE, DeviceState.OK))

    def _close_turn(self, turn: int) -> None:
        self._close_microphone()
        self._uplink.close_turn(turn)

    def _drop_words(self) -> None:
        self._close_microphone()
        lost_ms = self._uplink.drop()
        if lost_ms:
            self._report(WordsLost(lost_ms))

    def _deliver(self, link: MediaLink) -> None:
        self._hold()
        self._link, self._encoder = link, link.codec.encoder(self._microphone.rate_hz)
        self._uplink.attach()
        if self._uplink.backlog_ms:
            self._step(self._clock(), 0.0)  # words have waited long enough: not another period for the device

    def _hold(self) -> None:
        self._uplink.detach()
        encoder, self._link, self._encoder = self._encoder, None, None
        if encoder is not None:
            encoder.close()

    def _close_microphone(self) -> None:
        if self._open:
            self._open = False
            self._microphone.close()
            self._report(DeviceChanged(Device.MICROPHONE, DeviceState.CLOSED))

    def _failed(self, error: DeviceError) -> None:
        """The turn goes on without words: a session that hears nothing can still be ended in order."""
        log.debug("microphone_failed device=%s reason=%s", self._microphone.name, error)
        self._open = False
        self._microphone.close()
        state = DeviceState.BUSY if error.busy else DeviceState.MISSING
        self._report(DeviceChanged(Device.MICROPHONE, state, str(error)))

    # --- periods, on the thread

    def _period(self) -> None:
        if self._open:
            self._read()
        else:
            self._pace()

    def _read(self) -> None:
        try:
            self._microphone.read(self._block)
        except DeviceError as error:
            self._failed(error)
            return
        self._uplink.push(self._block)
        self._step(self._clock(), PACKET_MS)

    def _pace(self) -> None:
        """Wait for the up-link's next deadline, and keep it; or for a command."""
        wait_ms = self._uplink.next_step_ms
        if wait_ms is None:
            self._wait(None)
            return
        due_s = self._stepped_s + wait_ms / 1000
        self._wait(due_s)
        now_s = self._clock()
        if now_s < due_s:
            return
        late = now_s - due_s > CATCH_UP_MS / 1000
        self._step(now_s if late else due_s, wait_ms)

    def _step(self, now_s: Seconds, elapsed_ms: Millis) -> None:
        """One step of the up-link, as of *now_s*: encode, send in one call, report."""
        self._stepped_s = now_s
        output = self._uplink.step(elapsed_ms)
        if output.blocks or output.silence:
            assert self._encoder is not None and self._link is not None, "the up-link sends only while attached"
            packets = [self._encoder.encode(block) for block in output.blocks]
            packets += [self._encoder.silence] * output.silence
            self._uplink.counters.bytes_sent += sum(map(len, packets))
            self._link.send(packets)
        for event in output.events:
            self._report(event)

    def _end(self) -> None:
        self._close_microphone()
        self._hold()
