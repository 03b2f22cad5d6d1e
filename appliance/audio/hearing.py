"""How well the open microphone hears: levels of the last second and of a turn, and that it has gone deaf. Pure.

Theory of operation: a microphone that is there and delivers may still hear nothing: muted by a switch of its own, gone
dead, or stuck in one buffer. Its samples tell: a converter has noise of its own, so that exact zeros, or the same
samples over and over, for longer than `DEAF_MS` are no room, be it in one opening or in many short presses. That is
told once, and again after sound has come. A card that cancels noise delivers zeros in a quiet room, too, so what was
heard in turns is counted for itself: there a person speaks.
It belongs to the capture thread; what the properties give may be read by any.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.audio.level import SILENCE_DBFS, Meter, dbfs
from appliance.session.events import DeafInTurns, Event, MicrophoneDeaf
from appliance.units import PACKET_MS, Dbfs, Frames, Millis

if TYPE_CHECKING:
    from appliance.session.media import Block

DEAF_MS: Final = 3000
"""Cards deliver zeros for some 100 ms after they are opened, a person who holds a button speaks within this time."""
RECENT_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Of a stretch of sound: its mean power, its highest sample, and what is wrong with it."""

    rms_dbfs: Dbfs = SILENCE_DBFS
    peak_dbfs: Dbfs = SILENCE_DBFS
    offset_dbfs: Dbfs = SILENCE_DBFS
    """Of the mean: direct current."""
    clipped_samples: Frames = 0
    zero_ms: Millis = 0
    frozen_ms: Millis = 0


class Tally:
    """Levels in the making."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.heard_ms: Millis = 0
        self._power = 0.0
        self._peak = 0.0
        self._mean = 0.0
        self._clipped: Frames = 0
        self._zero_ms: Millis = 0
        self._frozen_ms: Millis = 0

    def take(self, meter: Meter) -> None:
        """The period that *meter* has just measured."""
        self.heard_ms += PACKET_MS
        self._power += meter.power
        self._peak = max(self._peak, meter.peak)
        self._mean += meter.mean
        self._clipped += meter.clipped
        self._zero_ms += PACKET_MS * meter.zero
        self._frozen_ms += PACKET_MS * meter.frozen

    def levels(self) -> Levels:
        periods = max(1.0, self.heard_ms / PACKET_MS)
        return Levels(
            rms_dbfs=round(dbfs(math.sqrt(self._power / periods)), 1),
            peak_dbfs=round(dbfs(self._peak), 1),
            offset_dbfs=round(dbfs(abs(self._mean) / periods), 1),
            clipped_samples=self._clipped,
            zero_ms=self._zero_ms,
            frozen_ms=self._frozen_ms,
        )


class Hearing:
    """Of the microphone *name*. *live*: exact silence in the last period is a fault."""

    def __init__(
        self, name: str, period_frames: Frames, report: Callable[[Event], None], *, live: Callable[[], bool]
    ) -> None:
        self.recent: Levels | None = None
        """Of the last full second; None before there was one, and while it is closed."""
        self.deaf = False
        self._name = name
        self._report = report
        self._live = live
        self._meter = Meter(period_frames)
        self._second = Tally()
        self._turn = Tally()
        self._same_ms: Millis = 0
        self._same_in_turns_ms: Millis = 0  # of it
        self._deaf_in_turns = False

    @property
    def turn(self) -> Levels:
        """Of the present turn, or the last one."""
        return self._turn.levels()

    def begin_turn(self) -> None:
        self._turn.clear()

    def hear(self, block: Block, *, in_turn: bool) -> Dbfs:
        """Take a period of the open microphone. Returns how loud it is, by its mean power."""
        meter = self._meter
        meter.measure(block)
        self._second.take(meter)
        if in_turn:
            self._turn.take(meter)
        if self._second.heard_ms >= RECENT_MS:
            self.recent = self._second.levels()
            self._second.clear()
        self._judge(meter, in_turn=in_turn)
        return meter.rms_dbfs

    def close(self) -> None:
        """The microphone has been closed, or has failed."""
        self.recent = None
        self._second.clear()

    def _judge(self, meter: Meter, *, in_turn: bool) -> None:
        if not (meter.zero or meter.frozen):
            self._same_ms, self._same_in_turns_ms, self.deaf = 0, 0, False
            if self._deaf_in_turns:
                self._deaf_in_turns = False
                self._report(DeafInTurns(False))
            return
        if not self._live():
            return
        self._same_ms += PACKET_MS
        if self._same_ms >= DEAF_MS and not self.deaf:
            self.deaf = True
            self._report(MicrophoneDeaf(self._message(meter)))
        if in_turn:
            self._same_in_turns_ms += PACKET_MS
            if self._same_in_turns_ms >= DEAF_MS and not self._deaf_in_turns:
                self._deaf_in_turns = True
                # The first of samples that come over and over looks like sound.
                self._report(DeafInTurns(True, whole=self._turn.heard_ms <= self._same_ms + PACKET_MS))

    def _message(self, meter: Meter) -> str:
        delivers = "nothing but exact zeros" if meter.zero else "the same samples over and over"
        return (
            f"microphone '{self._name}' is open and delivers {delivers}: it does not hear anybody; "
            "is it muted by a switch of its own, or in a mixer? Else plug it in anew"
        )
