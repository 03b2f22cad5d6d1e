"""The local voice gate: of all that a microphone hears, what is said leaves, from a little before its first word. Pure.

Theory of operation. A detector gives each period a vote. Three of the last five open the gate: one is a click, and a
voice has more. The periods before that, which brought the votes and hold the first word, were kept and leave first.
The gate closes when three votes of five have not come together for the hang time, in which people only breathe.

    voice        . . . v v . v v v v . . . . . . . . . .        v: a vote
    gate         - - - - - - O O O O O O O O O O - - - -        open from the third vote to the end of the hang time
    what leaves  . p p p p p x x x x x x x x x x . . . .        p: pre-roll, all at once with the first x

It belongs to the capture thread. A held button is never gated: then the gate hears nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from appliance.units import PACKET_MS, Dbfs, Frames, Hertz, Millis

if TYPE_CHECKING:
    from appliance.audio.voice import Detector
    from appliance.session.media import Block

VOTERS: Final = 5
VOTES: Final = 3

Engine = Literal["webrtc", "level", "off"]
NOTHING: Final[Sequence[Block]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """The `[gate]` of the configuration."""

    engine: Engine = "webrtc"
    aggressiveness: int = 2
    open_dbfs: Dbfs = -45.0
    pre_roll_ms: Millis = 300.0
    hang_ms: Millis = 600.0


class Gate:
    """*detector* votes; None: always open."""

    def __init__(
        self, detector: Detector | None, period_frames: Frames, *, pre_roll_ms: Millis, hang_ms: Millis
    ) -> None:
        self._detector = detector
        self._pre_roll = _PreRoll(periods(pre_roll_ms), period_frames)
        self._hang = periods(hang_ms)
        self._votes = 0  # bits, the youngest lowest
        self._left = 0  # periods until it closes
        self.open = detector is None
        """Whether the last period left."""

    def hear(self, block: Block, level_dbfs: Dbfs) -> Sequence[Block]:
        """Take a period, and how loud it is. Returns what may leave by it, oldest first: views, valid until the next
        call.

        A period leaves at most once, and all do between an opening and its closing.
        """
        if self._detector is None:
            self.open = True
            return (block,)
        self._votes = (self._votes << 1 | self._detector.hear(block, level_dbfs)) & (1 << VOTERS) - 1
        if self._votes.bit_count() >= VOTES:
            self._left = self._hang + 1
        elif self._left:
            self._left -= 1
        was, self.open = self.open, self._left > 0
        if not self.open:
            self._pre_roll.keep(block)
            return NOTHING
        return (block,) if was else (*self._pre_roll.take(), block)

    def ear(self, hang_ms: Millis) -> Gate | None:
        """One that shares the detector, which knows the room, for who hears periods that this one does not; it keeps no
        pre-roll. None: there is no detector."""
        if self._detector is None:
            return None
        return Gate(self._detector, 0, pre_roll_ms=0, hang_ms=hang_ms)

    def reset(self) -> None:
        """Close it, and forget what was said; not how loud the room is."""
        self._votes = self._left = 0
        self._pre_roll.take()
        self.open = self._detector is None


def make_gate(settings: GateSettings, rate_hz: Hertz) -> Gate:
    """The gate of *settings* for a microphone at *rate_hz*, one of 8, 12, 16, 24, 32 and 48 kHz. Imports webrtcvad."""
    return Gate(
        _detector(settings, rate_hz),
        rate_hz * PACKET_MS // 1000,
        pre_roll_ms=settings.pre_roll_ms,
        hang_ms=settings.hang_ms,
    )


def _detector(settings: GateSettings, rate_hz: Hertz) -> Detector | None:
    if settings.engine == "off":
        return None
    from appliance.audio.voice import LevelDetector, VoiceDetector  # a gate that is off needs no library

    if settings.engine == "level":
        return LevelDetector(settings.open_dbfs)
    return VoiceDetector(rate_hz, settings.aggressiveness)


def periods(length_ms: Millis) -> int:
    """As many as hold *length_ms*."""
    return -int(-length_ms // PACKET_MS)


class _PreRoll:
    """The last *capacity* periods, copied into a ring that is allocated once."""

    def __init__(self, capacity: int, period_frames: Frames) -> None:
        self._ring = [np.zeros(period_frames, np.int16) for _ in range(capacity)]
        self._next = 0
        self._length = 0

    def keep(self, block: Block) -> None:
        if not self._ring:
            return
        np.copyto(self._ring[self._next], block)
        self._next = (self._next + 1) % len(self._ring)
        self._length = min(self._length + 1, len(self._ring))

    def take(self) -> list[Block]:
        """All, oldest first; none are left. They stay valid until the next `keep`."""
        oldest = self._next - self._length
        taken: list[Block] = [self._ring[index % len(self._ring)] for index in range(oldest, self._next)]
        self._length = 0
        return taken
