"""What goes to the wire, period by period: words first, then silence, then hardly anything. Pure.

Theory of operation. All words pass through the backlog. A session begins with a lead of silence. While attached, up to
`speed` periods of it leave in each period, oldest first, so what was said while there was no session catches up with
what is said now, without a seam. Where there are no words silence follows the last one, as `quiet` tells, until that is
surely through at the bot's side; then a turn that has been closed is delivered. The same holds when a microphone fails
in the middle of a turn.

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
from appliance.audio.quiet import Quiet
from appliance.session.events import Event, TurnDelivered, WordsLost, WordsSent
from appliance.session.media import Care
from appliance.units import PACKET_MS, Frames, Millis, Seconds

if TYPE_CHECKING:
    from appliance.session.media import Block

SPEED: Final = 4
"""A stock runner hears everything at any speed; the faster, the more it throws away if its loop stalls."""
LEAD_MS: Final = 200
"""Silence before a session's first words. A stock runner throws away what comes before its bot reads, and the first bot
of a process begins to read some 60 ms after it said that it is ready. The words lose nothing: they wait."""
AHEAD: Final = 2
"""Packets of silence before words that are fresh, so that the other end does not begin with a word: it takes nothing of
what should have come before its first packet. It costs no time, as a runner waits for what comes behind a word."""
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

    ahead: int = 0
    """Packets of silence before the words."""
    blocks: Sequence[Block] = ()
    """Views into the backlog, valid until the next `push`."""
    silence: int = 0
    """Packets of silence behind them."""
    care: Care = Care.SAFE
    events: Sequence[Event] = ()


NOTHING: Final = Output()


class Uplink:
    """The up-link road of the whole process, over all sessions."""

    def __init__(
        self,
        *,
        backlog_s: Seconds,
        period_frames: Frames,
        speed: int = SPEED,
        flush: bool = True,
        lead_ms: Millis = 0,
    ) -> None:
        self.counters = UplinkCounters()
        self._backlog = Backlog(backlog_s, period_frames)
        self._speed = speed
        self._lead_ms = lead_ms
        self._zeros: Sequence[Block] = (np.zeros(period_frames, np.int16),)
        self._leading_ms: Millis = 0  # of silence still to be sent before words may leave
        self._attached = False
        self._turn: int | None = None  # until it is delivered or dropped
        self._open = False
        self._behind = 0  # periods of the backlog that were said after the end of the turn
        self._announced = False  # WordsSent of this turn
        self._words_ms: Millis = 0  # sent of this turn
        self._quiet = Quiet(flush=flush)
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
            busy = self._leading_ms > 0 or len(self._backlog) or self._deliverable
            waits.append(0 if busy else self._quiet.next_ms(self._open))
        return max(min(waits), PACKET_MS) if waits else None

    @property
    def ended(self) -> bool:
        """Whether the last word of a closed turn has left, and what follows it need not wait for a period to pass."""
        return self._attached and self._leading_ms <= 0 and self._said and self._quiet.to_flush(False) > 0

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

    def feed(self, on: bool) -> None:
        """By its own account the bot is in somebody's turn, or is no more: silence goes on until it has ended."""
        self._quiet.fed = on

    def attach(self) -> None:
        """There is a session: words may leave. An undelivered turn is delivered to it."""
        self._attached = True
        self._leading_ms = self._lead_ms
        self._quiet.begin(after_words=self._turn is not None or len(self._backlog) > 0)

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

    def step(self, elapsed_ms: Millis = PACKET_MS, *, waiting: bool = False) -> Output:
        """One period has passed, or *elapsed_ms* in which nothing was pushed, as `next_step_ms` allowed.

        *waiting*: what earlier steps sent has not all gone to the network yet, or is not known to have come.
        """
        self._report_ms = max(0, self._report_ms - elapsed_ms)
        self._quiet.let_pass(elapsed_ms, waiting=waiting)
        events: list[Event] = []
        blocks: Sequence[Block] = ()
        ahead, silence, care = 0, 0, Care.SAFE
        if self._attached and self._leading_ms > 0:
            blocks = self._lead()
        elif self._attached:
            fresh = self._quiet.flushed
            blocks = self._words(events)
            if not blocks:
                silence, care = self._quiet.silence(self._open)
            elif fresh:
                ahead, care = AHEAD, Care.FRESH
        self.counters.silence_sent += ahead + silence
        if self._deliverable:
            assert self._turn is not None
            events.append(TurnDelivered(self._turn, self._words_ms))
            self._turn, self._behind = None, 0
        if self._lost_ms and not self._report_ms:
            events.append(WordsLost(self._lost_ms))
            self._lost_ms, self._report_ms = 0, LOSS_REPORT_MS
        return Output(ahead, blocks, silence, care, events) if blocks or silence or events else NOTHING

    def _lead(self) -> Sequence[Block]:
        """A period of the silence before the first words, to be encoded as they are: the first of them would suffer if
        the codec had to change its ways for it."""
        self._leading_ms -= PACKET_MS
        self.counters.silence_sent += 1
        return self._zeros

    def _words(self, events: list[Event]) -> list[Block]:
        count = min(len(self._backlog) - self._behind, self._speed)
        blocks = [self._backlog.pop() for _ in range(count)]
        if blocks:
            self._quiet.word()
            self._words_ms += count * PACKET_MS
            self.counters.frames_sent += count
            if self._turn is not None and not self._announced:
                self._announced = True
                events.append(WordsSent(self._turn))
        return blocks

    @property
    def _said(self) -> bool:
        """Whether the turn is closed, and all of its words have left."""
        return self._turn is not None and not self._open and len(self._backlog) == self._behind

    @property
    def _deliverable(self) -> bool:
        """Whether the turn is closed, and all of it is through at the bot's side."""
        return self._attached and self._leading_ms <= 0 and self._said and self._quiet.through
