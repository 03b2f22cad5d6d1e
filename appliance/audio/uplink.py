"""What goes to the wire, period by period: words first, then silence, then hardly anything. Pure.

Theory of operation. All words pass through the backlog. A session begins with a lead of silence. While attached, up to
`speed` periods of it leave in each period, oldest first, so what was said while there was no session catches up with
what is said now, without a seam. When a turn is closed and its last word has left, silence follows at one packet a
period. The bot's side holds some packets back until others push them out; after `STOP_AFTER_MS` of silence the last
word is surely through, and the turn is delivered. Silence goes on for a second, for the bot's speech detection, and
then is one packet a second, for as long as the session lasts. The same holds when a microphone fails in the middle of a
turn.

Words may be of no turn, when somebody speaks without a button. Behind a turn that is not delivered yet they wait until
it is: else who goes on speaking would keep the bot from ever learning that the turn is over.

It belongs to the capture thread. It does not encode, send, or know the time: a period is a call of `step`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.audio.backlog import Backlog
from appliance.session.events import Event, TurnDelivered, WordsLost, WordsSent
from appliance.units import PACKET_MS, Frames, Millis, Seconds

if TYPE_CHECKING:
    from appliance.session.media import Block

SPEED: Final = 4
"""A stock runner hears everything at any speed; the faster, the more it throws away if its loop stalls."""
LEAD_MS: Final = 200
"""Silence before a session's first words. A stock runner throws away what comes before its bot reads, and the first bot
of a process begins to read some 60 ms after it said that it is ready. The words lose nothing: they wait."""
STOP_AFTER_MS: Final = 200
"""A stock runner's jitter buffer holds 80 ms."""
SILENCE_MS: Final = 1000
"""Speech detection of a stock bot that hears nothing at all waits this long, and complains."""
SPARSE_MS: Final = 1000
"""Between two packets when there is nothing to say."""
LOSS_REPORT_MS: Final = 1000
"""Between two reports of lost words."""


@dataclass(slots=True)
class UplinkCounters:
    """Frames here are periods of 20 ms."""

    frames_captured: int = 0
    """Counted by who reads."""
    frames_sent: int = 0
    frames_dropped: int = 0
    silence_sent: int = 0
    bytes_sent: int = 0
    """Payload; counted by who encodes."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a period sends, in this order, and what is to be reported once it is sent."""

    blocks: Sequence[Block] = ()
    """Views into the backlog, valid until the next `push`."""
    silence: int = 0
    """Packets of silence behind them."""
    events: Sequence[Event] = ()


NOTHING: Final = Output()


class Uplink:
    """The up-link road of the whole process, over all sessions."""

    def __init__(self, *, backlog_s: Seconds, period_frames: Frames, speed: int = SPEED, lead_ms: Millis = 0) -> None:
        self.counters = UplinkCounters()
        self._backlog = Backlog(backlog_s, period_frames)
        self._speed = speed
        self._lead_ms = lead_ms
        self._quiet: Sequence[Block] = (np.zeros(period_frames, np.int16),)
        self._leading_ms: Millis = 0  # of silence still to be sent before words may leave
        self._attached = False
        self._turn: int | None = None  # until it is delivered or dropped
        self._open = False
        self._behind = 0  # periods of the backlog that were said after the end of the turn
        self._announced = False  # WordsSent of this turn
        self._words_ms: Millis = 0  # sent of this turn
        self._silent_ms: Millis = SILENCE_MS  # sent since the last word
        self._sparse_ms: Millis = 0  # until the next sparse packet
        self._lost_ms: Millis = 0  # and not reported
        self._report_ms: Millis = 0  # until a loss may be reported

    @property
    def backlog_ms(self) -> Millis:
        """Words kept. Any thread may read it."""
        return self._backlog.kept_ms

    @property
    def in_turn(self) -> bool:
        """Whether there is a turn that is neither delivered nor dropped."""
        return self._turn is not None

    @property
    def next_step_ms(self) -> Millis | None:
        """When `step` has something to do although nothing is captured; None: not before something else happens."""
        waits: list[Millis] = [self._report_ms] if self._lost_ms else []
        if self._attached:
            busy = self._leading_ms > 0 or len(self._backlog) or self._silent_ms < SILENCE_MS or self._deliverable
            waits.append(0 if busy else self._sparse_ms)
        return max(min(waits), PACKET_MS) if waits else None

    def open_turn(self, turn: int) -> None:
        """What is pushed from now on are words of *turn*, and so is what is still kept: the bot hears it in the turn.

        A turn not yet delivered goes on under the new number.
        """
        self._turn, self._open, self._behind = turn, True, 0
        self._announced, self._words_ms = False, 0

    def close_turn(self, turn: int) -> None:
        """The last word of *turn* has been pushed. Another turn than the open one is none of our business."""
        if turn == self._turn:
            self._open = False
            self._report_ms = 0

    def push(self, block: Block) -> None:
        """Keep a period of words."""
        self._behind += self._turn is not None and not self._open
        if not self._backlog.push(block):
            self.counters.frames_dropped += 1
            self._lost_ms += PACKET_MS
            self._behind = min(self._behind, len(self._backlog))

    def attach(self) -> None:
        """There is a session: words may leave. An undelivered turn is delivered to it."""
        self._attached = True
        self._leading_ms = self._lead_ms
        self._silent_ms = SILENCE_MS if self._turn is None else 0
        self._sparse_ms = 0

    def detach(self) -> None:
        """Words may not leave any more. What has left is gone, the rest is kept."""
        self._attached = False

    def drop(self) -> Millis:
        """Forget all words, and the turn. Returns how much was lost that had not been reported yet."""
        dropped = self._backlog.clear()
        self.counters.frames_dropped += dropped
        lost_ms, self._lost_ms = self._lost_ms + dropped * PACKET_MS, 0
        self._turn, self._open, self._behind = None, False, 0
        return lost_ms

    def step(self, elapsed_ms: Millis = PACKET_MS) -> Output:
        """One period has passed, or *elapsed_ms* in which nothing was pushed, as `next_step_ms` allowed."""
        self._report_ms = max(0, self._report_ms - elapsed_ms)
        self._sparse_ms = max(0, self._sparse_ms - elapsed_ms)
        events: list[Event] = []
        leading = self._attached and self._leading_ms > 0
        blocks: Sequence[Block] = self._lead() if leading else self._words(events) if self._attached else ()
        silence = self._silence() if self._attached and not blocks else 0
        if self._deliverable:
            assert self._turn is not None
            events.append(TurnDelivered(self._turn, self._words_ms))
            self._turn, self._behind = None, 0
        if self._lost_ms and not self._report_ms:
            events.append(WordsLost(self._lost_ms))
            self._lost_ms, self._report_ms = 0, LOSS_REPORT_MS
        return Output(blocks, silence, events) if blocks or silence or events else NOTHING

    def _lead(self) -> Sequence[Block]:
        """A period of the silence before the first words, to be encoded as they are: the first of them would suffer if
        the codec had to change its ways for it."""
        self._leading_ms -= PACKET_MS
        self.counters.silence_sent += 1
        return self._quiet

    def _words(self, events: list[Event]) -> list[Block]:
        count = min(len(self._backlog) - self._behind, self._speed)
        blocks = [self._backlog.pop() for _ in range(count)]
        if blocks:
            self._silent_ms = 0
            self._words_ms += count * PACKET_MS
            self.counters.frames_sent += count
            if self._turn is not None and not self._announced:
                self._announced = True
                events.append(WordsSent(self._turn))
        return blocks

    def _silence(self) -> int:
        """Packets of silence for this period, which has no words: one or none."""
        if self._silent_ms >= SILENCE_MS:
            if self._sparse_ms:
                return 0
            self._sparse_ms = SPARSE_MS
        self._silent_ms += PACKET_MS
        self.counters.silence_sent += 1
        return 1

    @property
    def _deliverable(self) -> bool:
        """Whether the turn is closed, and all of it is through at the bot's side."""
        led = self._leading_ms <= 0
        waiting = led and self._turn is not None and not self._open and len(self._backlog) == self._behind
        return waiting and self._attached and self._silent_ms >= STOP_AFTER_MS
