"""The capture thread: the microphone's periods into the up-link, its output encoded and handed to the wire.

Theory of operation. While the microphone is open the device is the clock: a period read is a period of the up-link.
While it is closed the thread paces the up-link itself, by deadlines on the monotonic clock, for as long as that has
something to send: at the period while words or silence are under way, once a second while nothing is said. Without a
session it sleeps. Commands are served between periods, so a turn is cut at whole periods only.

The microphone is open for a turn, and then all that it hears are the turn's words, and whether a voice is in them is
told, for a person who lets go too early; or for who speaks without a button, and then words are what passes the gate
(`hands_free`). One that fails while it is wanted is opened again (`keeper`), and what it hears from then on is heard;
meanwhile the turn goes on without words, and can be ended in order.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.audio.gate import NOTHING, Gate
from appliance.audio.hands_free import HandsFree, Suppresses
from appliance.audio.hearing import Hearing
from appliance.audio.keeper import Keeper
from appliance.audio.level import SILENCE_DBFS, rms_dbfs
from appliance.audio.turn_ear import TurnEar
from appliance.audio.uplink import SPEED, Uplink, UplinkCounters
from appliance.audio.worker import Clock, Crashed, Worker
from appliance.errors import DeviceError
from appliance.session.events import Device, Event, WordsLost
from appliance.units import PACKET_MS, Dbfs, Millis, Seconds

if TYPE_CHECKING:
    from appliance.audio.ports import Microphone
    from appliance.session.media import Block, Encoder, MediaLink

CATCH_UP_MS: Final = 3 * PACKET_MS
"""Deadlines further back are let go: what was not sent while the machine stood still is not sent as a burst."""


class Capture(Worker):
    """One for the life of the process. All methods: any thread, never blocking (`stop` joins); served in order.

    *report* and *crashed* are called on the capture thread; *report* must not block. *gate*, for who speaks without a
    button, is the capture thread's from here on; without one all passes, and a voice is never told of. *suppresses*:
    see `HandsFree`.
    """

    def __init__(
        self,
        microphone: Microphone,
        report: Callable[[Event], None],
        crashed: Crashed,
        *,
        backlog_s: Seconds,
        speed: int = SPEED,
        flush: bool = True,
        lead_ms: Millis = 0,
        gate: Gate | None = None,
        suppresses: Suppresses = lambda heard_s: False,
        clock: Clock = time.monotonic,
    ) -> None:
        super().__init__("capture", crashed, clock)
        self._microphone = microphone
        self._report = report
        self._new_uplink = functools.partial(
            Uplink,
            backlog_s=backlog_s,
            period_frames=microphone.period_frames,
            speed=speed,
            flush=flush,
            lead_ms=lead_ms,
        )
        self._uplink = self._new_uplink()
        self._block: Block = np.zeros(microphone.period_frames, np.int16)
        gate = gate or Gate(None, microphone.period_frames, pre_roll_ms=0, hang_ms=0)
        self._hands_free = HandsFree(gate, suppresses, report)
        self.hearing = Hearing(microphone.name, microphone.period_frames, report, live=lambda: microphone.live)
        self._turn_ear = TurnEar(self.hearing, gate, microphone.period_frames, report)
        self._device = Keeper(Device.MICROPHONE, microphone, report, clock)
        self._wanted = False  # the microphone should be open
        self._in_turn = False  # what the microphone hears are a turn's words
        self._keep = False  # else: what passes the gate is kept
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

    @property
    def level_dbfs(self) -> Dbfs:
        """Of the last period that the microphone heard; `SILENCE_DBFS` while it is closed. Measured when asked for."""
        return rms_dbfs(self._block) if self._device.is_open else SILENCE_DBFS

    def start(self) -> None:
        """Once. A microphone that is missing is told of before anybody needs it."""
        self._post(self._device.check)
        super().start()

    def open_microphone(self, turn: int) -> None:
        """Capture words of *turn* from now on, past the gate. `DeviceChanged`, unless it is open already.

        Answered by `VoiceHeard`, each time that it changes: at once if it begins, `turn_ear.HANG_MS` late at most if it
        ends.
        """
        self._post(functools.partial(self._open_microphone, turn))

    def listen(self, keep: bool) -> None:
        """Capture behind the gate from now on, the words of no turn. `DeviceChanged`, unless it is open already.

        Without *keep* what passes is thrown away, and what was kept of no turn too: `WordsLost` if there was any.
        Answered by `GateOpened` and `Suppressed`, each time that one of them changes.
        """
        self._post(functools.partial(self._listen, keep))

    def close_microphone(self) -> None:
        """Stop capturing; words kept stay kept. Answered by `DeviceChanged` if it was open."""
        self._post(self._close_microphone)

    def end_turn(self, turn: int) -> None:
        """What is captured from now on is not of *turn*. Answered by `TurnDelivered` when its words are."""
        self._post(functools.partial(self._end_turn, turn))

    def drop_words(self) -> None:
        """Forget words and turn. Answered by `WordsLost` if there were any."""
        self._post(self._drop_words)

    def deliver(self, link: MediaLink) -> None:
        """Words may go to *link* from now on, those kept first."""
        self._post(functools.partial(self._deliver, link))

    def hold(self) -> None:
        """Words may not leave any more."""
        self._post(self._hold)

    def feed(self, on: bool) -> None:
        """Send silence in every period without words while a session is there, for some seconds; or no more than ends a
        turn, as at first."""
        self._post(functools.partial(self._uplink.feed, on))

    # --- commands, on the thread

    def _open_microphone(self, turn: int) -> None:
        self._turn_ear.catch_up()
        if not self._uplink.in_turn:  # else it goes on with the turn before
            self.hearing.begin_turn()
        self._uplink.open_turn(turn)
        self._in_turn = self._wanted = True
        self._hands_free.leave()
        self._turn_ear.begin()
        self._open_device()

    def _listen(self, keep: bool) -> None:
        self._turn_ear.catch_up()
        self._in_turn, self._keep, self._wanted = False, keep, True
        if not keep:
            self._hands_free.leave()
            if not self._uplink.in_turn:
                self._drop_words()
        self._open_device()

    def _end_turn(self, turn: int) -> None:
        self._turn_ear.catch_up()
        self._uplink.close_turn(turn)
        if self._uplink.ended:
            self._step(self._clock(), 0.0)  # the bot's turn ends with ours: no other period for what pushes it through

    def _drop_words(self) -> None:
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

    def _open_device(self) -> None:
        if not self._device.is_open:
            self._device.open()

    def _close_microphone(self) -> None:
        self._wanted = False
        self._stop_hearing()
        self._device.close()

    # --- periods, on the thread

    def _period(self) -> None:
        if self._device.is_open:
            self._read()
        else:
            self._pace()

    def _read(self) -> None:
        try:
            self._microphone.read(self._block)
        except DeviceError as error:
            self._stop_hearing()
            self._device.failed(error)
            return
        self._device.advanced()
        now_s = self._clock()
        self._uplink.counters.frames_captured += 1
        for block in self._words(now_s):
            self._uplink.push(block)
        self._step(now_s, PACKET_MS)

    def _words(self, now_s: Seconds) -> Sequence[Block]:
        """What is to be kept or sent by the period that was read until *now_s*."""
        if self._in_turn:
            self._turn_ear.hear(self._block)
            return (self._block,)
        level_dbfs = self.hearing.hear(self._block, in_turn=False)
        if not self._keep:
            return NOTHING
        begun_s = now_s - self._microphone.latency_s - PACKET_MS / 1000
        return self._hands_free.hear(self._block, level_dbfs, begun_s)

    def _stop_hearing(self) -> None:
        """Nothing comes from the microphone any more."""
        self._hands_free.leave()
        self._turn_ear.catch_up()
        self.hearing.close()

    def _pace(self) -> None:
        """Wait for the next deadline of the up-link or of a device that failed, and keep it; or for a command."""
        wait_ms, again_s = self._uplink.next_step_ms, self._device.due_s
        due_s = math.inf if wait_ms is None else self._stepped_s + wait_ms / 1000
        until_s = min(due_s, math.inf if again_s is None else again_s)
        self._wait(None if until_s == math.inf else until_s)
        now_s = self._clock()
        if again_s is not None and now_s >= again_s and self._device.again(wanted=self._wanted):
            return
        if wait_ms is None or now_s < due_s:
            return
        late = now_s - due_s > CATCH_UP_MS / 1000
        self._step(now_s if late else due_s, wait_ms)

    def _step(self, now_s: Seconds, elapsed_ms: Millis) -> None:
        """One step of the up-link, as of *now_s*: encode, send in one call, report."""
        self._stepped_s = now_s
        output = self._uplink.step(elapsed_ms, waiting=self._link is not None and self._link.waiting())
        if output.blocks or output.silence:
            assert self._encoder is not None and self._link is not None, "the up-link sends only while attached"
            quiet = self._encoder.silence
            words = [self._encoder.encode(block) for block in output.blocks]
            packets = [quiet] * output.ahead + words + [quiet] * output.silence
            self._uplink.counters.bytes_sent += sum(map(len, packets))
            self._link.send(packets, output.care)
        for event in output.events:
            self._report(event)

    def _end(self) -> None:
        self._close_microphone()
        self._hold()

    def _renew(self) -> None:
        """The words that were kept are lost; what is counted goes on."""
        self._end()
        self._drop_words()
        counters, self._uplink = self._uplink.counters, self._new_uplink()
        self._uplink.counters = counters
        self._in_turn = self._keep = False
