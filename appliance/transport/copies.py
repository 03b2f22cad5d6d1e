"""What is sent twice, against losses on the way up, and what the other end says of them. Pure.

Theory of operation. A stock runner plays packets as they come, in order: one that is missing costs it five, and 200 ms
for the rest of the call; one that comes again before the next costs nothing. So each packet goes again just before the
one behind it, always: a receiver's report comes too late to repair anything. It comes in time to choose: where packets
are lost in spite of that, each goes a third time, before the third one behind it. But reports do not tell what copies
have repaired, and at 2 % of loss one word a minute is gone by the time that they tell of something. So each goes a
third time also where losses are only likely: where a message was not acknowledged at once, where sound is lost on the
way down, and at the beginning of a session, of which nothing is known. A copy is the same datagram, so that the
receiver's SRTP drops it if the first has come. It rides with a packet that is sent anyway, and costs no wake.

    on the way   1 . 1 2 . 2 3 . 1 3 4 . 2 4 5        one copy; and, from 4 on, two
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

FIRST: Final = 1
SECOND: Final = 3
"""How many packets later a copy goes. The second: beyond most bursts, and within the four that a runner holds."""
WATCHFUL_PACKETS: Final = 3000
"""A minute of speech without a sign of loss, and second copies end. A ping goes every second, speech or not, and at 2 %
of loss each way one in 25 is not acknowledged at once: in that minute, with its pauses, one hardly ever is missed."""
JUMP: Final = 16
"""Sequence numbers that make a stock runner forget what it holds, and with it the delay that a loss has left there: its
buffer has so many places."""


class Copies:
    """What rides with the next packet. *most*: copies of each, 0 to 2; the second at first, and under losses."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sent: deque[bytes] = deque(maxlen=SECOND)
        self._watchful = WATCHFUL_PACKETS if most > 1 else 0  # packets for which there are second copies yet

    def sent(self, datagram: bytes) -> None:
        """*datagram* has just gone out for the first time."""
        if self._most:
            self._sent.append(datagram)
            self._watchful = max(0, self._watchful - 1)

    def forget(self) -> None:
        """Nothing that was sent is worth a copy any more."""
        self._sent.clear()

    def lost(self) -> None:
        """Packets are being lost, on either way, or probably are."""
        if self._most > 1:
            self._watchful = WATCHFUL_PACKETS

    def due(self) -> Sequence[bytes]:
        """What goes before the next packet, oldest first."""
        sent = self._sent
        if not sent:
            return ()
        if self._watchful and len(sent) == SECOND:
            return sent[-SECOND], sent[-FIRST]
        return (sent[-FIRST],)


class Losses:
    """The losses of a connection, by its receiver's own count, in which each number that was skipped is a loss."""

    def __init__(self) -> None:
        self.total = 0

    def report(self, lost: int, skipped: int) -> int:
        """Take a count of *lost* packets, when *skipped* numbers had been skipped. Returns how many are new.

        A report may be older than the last jump, and then says too little: the count never falls.
        """
        before, self.total = self.total, max(self.total, lost - skipped)
        return self.total - before
