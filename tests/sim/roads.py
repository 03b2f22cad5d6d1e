"""The sound roads: two devices that may be missing, and words that are kept, delivered or lost. No sound."""

from __future__ import annotations

import random
from collections.abc import Callable

from appliance.session.effects import (
    CloseMicrophone,
    CloseSpeaker,
    DeliverWords,
    DropWords,
    Effect,
    EndTurn,
    HoldWords,
    Listen,
    OpenMicrophone,
    OpenSpeaker,
)
from appliance.session.events import (
    BotAudible,
    DeafInTurns,
    Device,
    DeviceChanged,
    DeviceState,
    Event,
    GateOpened,
    RoadRestarted,
    Suppressed,
    TurnDelivered,
    VoiceHeard,
    WordsLost,
    WordsSent,
)
from tests.sim.clock import Clock
from tests.sim.plans import Ill
from tests.sim.weather import Weather

_OK, _CLOSED, _MISSING = DeviceState.OK, DeviceState.CLOSED, DeviceState.MISSING
_DEAF_S = 3.0
_BROKEN = (DeviceState.MISSING, DeviceState.BUSY, DeviceState.STALLED)


class Roads:
    """`audio.capture` and `audio.playback` as the machine meets them."""

    def __init__(self, clock: Clock, rng: random.Random, weather: Weather, post: Callable[[Event], None]) -> None:
        self._clock = clock
        self._rng = rng
        self._weather = weather
        self._post = post
        self.start_anew()

    def start_anew(self) -> None:
        self.turn = 0
        """What is captured are words of this turn; 0: of none."""
        self.gate: bool | None = None
        """Open behind the gate, and whether what passes it is kept."""
        self.microphone = _CLOSED
        self.speaker = _CLOSED
        self.deaf = False
        """It was in a turn, and has heard nothing since."""
        self._session = False
        self.kept_of: set[int] = set()
        """Turns that words are kept of; 0 stands for words behind the gate."""
        self.delivered = 0
        self.lost = 0
        self._to: int | None = None
        self._ended: int | None = None
        self._audible = False
        self._talking = False

    # --- effects

    def perform(self, effect: Effect) -> None:  # noqa: C901 - one flat table
        match effect:
            case OpenMicrophone(turn):
                self.turn, self.gate = turn, None
                if (ended := self._ended) is not None and self._rng.random() < 0.5:  # it was on its way already
                    self._clock.after(self._rng.uniform(0.0, 1.5), lambda: self._post(TurnDelivered(ended)))
                self._ended = None
                self._open_microphone()
            case Listen(keep):
                self.turn, self.gate = 0, keep
                if not keep and self._ended is None:
                    self._drop()
                self._open_microphone()
            case CloseMicrophone():
                self.turn, self.gate, self._talking = 0, None, False
                if self.microphone is _OK:
                    self._set_microphone(_CLOSED)
            case EndTurn(turn):
                self._ended = turn
                self._deliver()
            case DeliverWords(attempt):
                self._to = attempt
                self._deliver()
            case HoldWords():
                self._to = None
            case DropWords():
                self._drop()
            case OpenSpeaker():
                self._session = True
                self._set_speaker(_MISSING if self._weather.has(Ill.NO_SPEAKER) else _OK)
            case CloseSpeaker(drain):
                self._session = False
                self._clock.after(self._rng.uniform(0.0, 0.6) if drain else 0.01, self._close_speaker)
            case _:
                pass

    # --- the outside

    def changed(self, ill: Ill, begins: bool) -> None:
        """A device that is missing is looked for, wanted or not; one that is not wanted is not missed before that."""
        if ill is Ill.NO_MICROPHONE:
            wanted = bool(self.turn) or self.gate is not None
            if begins and wanted:
                self._set_microphone(self._rng.choice(_BROKEN))
            elif not begins and (wanted or self.microphone in _BROKEN):
                self._set_microphone(_OK if wanted else _CLOSED)
        elif ill is Ill.DEAF_MICROPHONE:
            self._listen()
        elif ill is Ill.NO_SPEAKER:
            if begins and self._session:
                self._set_speaker(self._rng.choice(_BROKEN))
            elif not begins and (self._session or self.speaker in _BROKEN):
                self._set_speaker(_OK if self._session else _CLOSED)
        elif ill is Ill.CAPTURE_CRASHES and begins:
            self.turn, self.gate, self._to, self._ended, self._talking = 0, None, None, None, False
            self.microphone = _CLOSED
            self.kept_of.clear()
            self._post(RoadRestarted(Device.MICROPHONE))
        elif ill is Ill.PLAYBACK_CRASHES and begins:
            self.speaker, self._audible, self._session = _CLOSED, False, False
            self._post(RoadRestarted(Device.SPEAKER))

    def speak(self, lasts_s: float) -> None:
        """Somebody speaks in the room."""
        if self.gate is not None and self.microphone is _OK and not self._talking:
            self._talking = True
            if self.gate:
                self.kept_of.add(0)
            self._post(GateOpened(True))
            self._clock.after(lasts_s, self._fall_silent)
            self._deliver()

    def play(self, on: bool) -> None:
        """The bot's sound begins to leave the speaker, or ceases to."""
        on = on and self.speaker is _OK
        if on != self._audible:
            self._audible = on
            self._post(BotAudible(on))
            if self.gate is not None:
                self._post(Suppressed(on))

    # --- inside

    def _fall_silent(self) -> None:
        if self._talking:
            self._talking = False
            self._post(GateOpened(False))

    def _open_microphone(self) -> None:
        state = self._rng.choice(_BROKEN) if self._weather.has(Ill.NO_MICROPHONE) else _OK
        self._clock.after(0.005, lambda: self._opened(state))

    def _opened(self, state: DeviceState) -> None:
        if not self.turn and self.gate is None:
            return  # closed again meanwhile
        if state is not self.microphone:
            self._set_microphone(state)
        if self.turn and self.microphone is _OK:
            self.kept_of.add(self.turn)
            self._hear(self.turn)
        self._listen()

    def _listen(self) -> None:
        """The open microphone hears something, or nothing from now on."""
        if self.microphone is not _OK:
            return
        if self._weather.has(Ill.DEAF_MICROPHONE):
            if self.turn and not self.deaf:
                self._clock.after(_DEAF_S, self._find_deaf)
        elif self.deaf:
            self.deaf = False
            self._post(DeafInTurns(False))

    def _find_deaf(self) -> None:
        if self.turn and self.microphone is _OK and not self.deaf and self._weather.has(Ill.DEAF_MICROPHONE):
            self.deaf = True
            self._post(DeafInTurns(True, whole=self._rng.random() < 0.5))

    def _hear(self, turn: int) -> None:
        """Somebody speaks into the turn, for a while that may outlast it."""
        if self._rng.random() < 0.5:
            self._post(VoiceHeard(True))
            self._clock.after(
                self._rng.uniform(0.1, 4.0), lambda: self._post(VoiceHeard(False)) if self.turn == turn else None
            )

    def _set_microphone(self, state: DeviceState) -> None:
        if state is not self.microphone or state not in (_OK, _CLOSED):
            self.microphone = state
            self._post(DeviceChanged(Device.MICROPHONE, state, "" if state in (_OK, _CLOSED) else "gone; look for it"))
            if self.turn and state is _OK:
                self.kept_of.add(self.turn)
            self._listen()

    def _set_speaker(self, state: DeviceState) -> None:
        self.speaker = state
        self._post(DeviceChanged(Device.SPEAKER, state, "" if state in (_OK, _CLOSED) else "gone; look for it"))

    def _close_speaker(self) -> None:
        if self.speaker is _OK and not self._session:
            self.play(False)
            self._set_speaker(_CLOSED)

    def _drop(self) -> None:
        self._ended = None
        if self.kept_of:
            self.lost += len(self.kept_of)
            self.kept_of.clear()
            self._post(WordsLost(500))

    def _deliver(self) -> None:
        """Words go out as soon as they may; an ended turn is delivered a little later."""
        if self._to is None:
            return
        attempt, ended = self._to, self._ended
        if self.kept_of and self.turn:
            self._post(WordsSent(self.turn))
        self.kept_of.discard(0)
        if ended is not None:
            delay_s = self._rng.uniform(0.15, 1.5)
            self._clock.after(delay_s, lambda: self._delivered(attempt, ended))

    def _delivered(self, attempt: int, turn: int) -> None:
        if self._to == attempt and self._ended == turn:
            self.delivered += len(self.kept_of)
            self.kept_of.clear()
            self._ended = None
            self._post(TurnDelivered(turn))
