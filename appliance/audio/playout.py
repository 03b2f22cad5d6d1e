"""The playout buffer: encoded packets in as they come, one decision out each time more sound is needed. Pure.

Theory of operation. Packets wait in order. Playing starts when the first has waited for as long as the target, or when
that much more waits behind it. While it plays:

- the next packet is there: play it, a little shorter or longer where playing is off its target (`lateness`, `tempo`);
- it is missing, but later ones wait: it is lost; recover it from the next one if that carries a copy, else guess; after
  `CONCEAL_MS` go on with the first that waits. One that comes while the next has not been played, and while the delay
  is under the target, is played after all;
- nothing waits: guess for `CONCEAL_MS`, then stay silent until playing can start anew. Nothing is skipped, so words
  that come late are played late: the delay grows instead, up to `CEILING_MS`; over it silence goes first, then the
  oldest. Guesses made meanwhile stand for packets that turn out to be lost.

Its clock is the number of periods begun: decisions are the same however packets come between two of them. It knows
packets, not samples: who decodes them keeps `packet_ms` right. Not thread-safe. Time of day, as `now_s`, only counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from appliance.audio.arrivals import WIRE_HZ, Arrivals, PlayoutCounters
from appliance.audio.decisions import CONCEAL, WAIT, Decision, Play, Recover
from appliance.audio.gaps import Gaps
from appliance.audio.lateness import Lateness
from appliance.audio.tempo import Tempo
from appliance.audio.waiting import Waiting
from appliance.units import PACKET_MS, Hertz, Millis, Seconds

CONCEAL_MS: Final = 100
"""After it libopus has no more to offer than noise."""
CEILING_MS: Final = 800
"""What can be made up for in 3 s without losing a word, a quarter faster than it was spoken (`tempo.HURRY`)."""
HELD_MS: Final = 2 * CEILING_MS
"""Between two periods, so that which ones go does not depend on the order in which they came."""


class Playout:
    """The packets of one session. *carries_copy* says of a packet whether the one before can be got from it."""

    def __init__(self, carries_copy: Callable[[bytes], bool], *, clock_hz: Hertz = WIRE_HZ) -> None:
        self._carries_copy = carries_copy
        self._packet_ms: Millis = PACKET_MS
        self._counters = PlayoutCounters()
        self._arrivals = Arrivals(self._counters, clock_hz=clock_hz)
        self._gaps = Gaps(self._counters)
        self._lateness = Lateness()
        self._tempo = Tempo()
        self._waiting = Waiting()
        self._next: int | None = None  # None: nothing has been played, so nothing is too late
        self._guessed: int | None = None  # the packet before the next, if it was lost and may be played yet
        self._begun_ms: Millis = 0.0
        self._filling = True
        self._filling_ms: Millis = 0.0
        self._missing_ms: Millis = 0.0
        self._owed_ms: Millis = 0.0  # guessed while nothing was there to be late for
        self._excess_ms: Millis = 0.0
        self._due_ms: Millis | None = None  # when the last packet would be over, had it not been changed
        self._draining = False

    def push(self, sequence: int, timestamp: int, payload: bytes, now_s: Seconds) -> None:
        """Take a packet as it came from the wire at *now_s*, on any monotonic clock."""
        number = self._arrivals.take(sequence, timestamp, now_s)
        if number is None:
            return
        self._lateness.arrive(self._begun_ms + PACKET_MS, number * self._packet_ms)
        if self._next is not None and number < self._next:
            if number != self._guessed or self._excess_ms >= 0:
                self._counters.late += 1
                return
            self._next = number
        self._gaps.arrive(now_s, awaited=number == self._next, packet_ms=self._packet_ms)
        self._waiting.put(number, payload)
        if self.waiting_ms > HELD_MS:
            self._drop(self._waiting.first)

    def period(self) -> None:
        """A period begins: what comes from now on can be played in the next, at the earliest."""
        self._begun_ms += PACKET_MS
        while self.waiting_ms > CEILING_MS:
            self._drop(self._waiting.least_missed())

    def pull(self, filled_ms: Millis = 0.0) -> Decision:
        """What to play next; to be asked when all sound so far is used up. So much of the period is filled already."""
        at_ms = self._begun_ms + filled_ms
        self._account(at_ms)
        if self._filling:
            if not self._filled():
                return WAIT
            self._start()
        while (decision := self._decide(at_ms)) is None:
            pass
        return decision

    def flush(self) -> None:
        """Forget what waits. What was sent before and comes yet is late; playing starts anew."""
        self._waiting.clear()
        self._next = self._arrivals.highest + 1
        self._refill()

    def drain(self) -> None:
        """Nothing more will come: play what waits, without waiting for more, and as it was spoken."""
        self._draining = True

    @property
    def packet_ms(self) -> Millis:
        """Length of a packet, as decoded."""
        return self._packet_ms

    @packet_ms.setter
    def packet_ms(self, packet_ms: Millis) -> None:
        self._packet_ms = packet_ms
        self._lateness.restart()

    @property
    def waiting_ms(self) -> Millis:
        """How much sound waits to be played: never over `HELD_MS`, and over `CEILING_MS` until the next `period`."""
        return len(self._waiting) * self._packet_ms

    @property
    def counters(self) -> PlayoutCounters:
        """A copy."""
        target_ms = self._lateness.target_ms
        return replace(self._counters, target_ms=target_ms, delay_ms=max(0.0, target_ms + self._excess_ms))

    def count_malformed(self) -> None:
        """The payload played last was no sound."""
        self._counters.malformed += 1

    def _account(self, at_ms: Millis) -> None:
        """What became of the change that was asked for?"""
        if self._due_ms is None:
            return
        by_ms, self._due_ms = self._due_ms - at_ms, None
        self._tempo.spend(by_ms)
        self._counters.shortened_ms += max(0.0, by_ms)
        self._counters.lengthened_ms += max(0.0, -by_ms)

    def _filled(self) -> bool:
        if not self._waiting:
            return False
        target_ms = self._lateness.target_ms
        if self._draining or self.waiting_ms >= target_ms + self._packet_ms or self._filling_ms >= target_ms:
            return True
        self._filling_ms += PACKET_MS
        return False

    def _start(self) -> None:
        first = self._waiting.first
        if self._next is not None and (first - self._next) * self._packet_ms > CONCEAL_MS:
            self._lateness.restart()
        self._filling, self._next = False, first

    def _refill(self) -> None:
        self._filling, self._guessed = True, None
        self._filling_ms = self._missing_ms = self._owed_ms = 0.0
        self._lateness.interrupt()

    def _decide(self, at_ms: Millis) -> Decision | None:
        """None: ask again, with another next packet."""
        assert self._next is not None
        number = self._next
        payload = self._waiting.take(number)
        if payload is not None:
            return self._play(number, payload, at_ms)
        if not self._waiting.was_dropped(number):
            if not self._waiting or self._owed_ms < self._packet_ms:
                return self._missing(number)
            self._owed_ms -= self._packet_ms
        self._next += 1
        return None

    def _play(self, number: int, payload: bytes, at_ms: Millis) -> Play:
        self._next, self._guessed = number + 1, None
        self._missing_ms = self._owed_ms = 0.0
        offset_ms = self._lateness.offset_ms
        if offset_ms is None or self._draining:
            self._excess_ms = 0.0
            return Play(payload)
        self._excess_ms = at_ms - number * self._packet_ms - offset_ms
        change = self._tempo.choose(self._excess_ms, self._packet_ms)
        if change is not None:
            self._due_ms = at_ms + self._packet_ms
        return Play(payload, change)

    def _missing(self, number: int) -> Decision | None:
        """Packet *number* should be played now, and is not there."""
        if not self._waiting and self._draining:
            return WAIT
        if self._missing_ms >= CONCEAL_MS:
            if not self._waiting:
                self._refill()
                return WAIT
            self._start()
            return None
        if self._waiting:
            self._next, self._guessed = number + 1, number
            following = self._waiting.look(number + 1)
            if following is not None and self._carries_copy(following):
                self._counters.recovered += 1
                return Recover(following)
        else:
            self._owed_ms += self._packet_ms
            self._lateness.interrupt()
        if self._missing_ms == 0:
            self._gaps.begin(others_wait=bool(self._waiting))
        self._counters.concealed += 1
        self._missing_ms += self._packet_ms
        return CONCEAL

    def _drop(self, number: int) -> None:
        """There is one too many. With the first goes what is missing behind it."""
        first = number == self._waiting.first
        self._waiting.drop(number)
        self._counters.dropped += 1
        if first and self._next is not None:
            self._next, self._guessed = self._waiting.first, None
