"""The silence behind the last word: enough to push it through at the bot's side and to end the bot's turn. Pure.

Theory of operation. A stock runner holds some packets back until others push them out, and its speech detection counts
the sound that it was given, not the time. So when nobody speaks any more `FLUSH_PACKETS` of silence leave at once. When
the other end has had them, and `SETTLE_MS` to decode them, the last word is surely through, and whatever is said next
may make the other end forget what it holds. Then there is one packet a second.

    words      w w w w w . . . . . . . . . . . . w w w
    silence    . . . . . F . . . . . . s . . . .  . .      F: the flush    s: one a second
    through    . . . . . . . . . . t t t t t t t . . .     the first w behind t is fresh

With *flush* off, and in a turn that is still open but has no microphone any more, silence is paced: one packet a period
for `SILENCE_MS`, and through after `STOP_AFTER_MS`. So it is, too, for as long as the bot says that it is still in the
turn: what it waits for then is more silence.
"""

from __future__ import annotations

from typing import Final

from appliance.session.media import Care
from appliance.units import PACKET_MS, Millis

FLUSH_PACKETS: Final = 40
"""A stock runner's jitter buffer holds 4, after a loss up to 16. What comes out beyond that is heard: 0.5 s at least,
where speech detection waits for 0.2 s."""
FLUSH_MS: Final = FLUSH_PACKETS * PACKET_MS
SETTLE_MS: Final = 100
"""From a sign that the flush has come, to `stop`: a message is read at once, where packets are decoded one by one."""
STOP_AFTER_MS: Final = 200
"""Of paced silence, before `stop`: a stock runner's jitter buffer holds 80 ms."""
SILENCE_MS: Final = 1000
"""Speech detection of a stock bot that hears nothing at all waits this long, and complains."""
PATIENCE_MS: Final = 10_000
"""For the bot to end its turn: a stock one's turn analysis decides after 3 s of silence at the latest."""
SPARSE_MS: Final = 1000
"""Between two packets when there is nothing to say."""


class Quiet:
    """What has followed the last word of a session. A turn is *is_open* while more words may come by themselves."""

    def __init__(self, *, flush: bool) -> None:
        self.fed = False
        """By its own account the bot is in somebody's turn."""
        self._flush = flush
        self._silent_ms: Millis = SILENCE_MS  # sent since the last word
        self._settle_ms: Millis = 0  # until what was sent has surely arrived
        self._sparse_ms: Millis = 0  # until the next packet when there is nothing to say

    def begin(self, *, after_words: bool) -> None:
        """A session begins: with words to deliver, or a turn to end, or neither."""
        self._silent_ms = 0 if after_words else SILENCE_MS
        self._settle_ms = self._sparse_ms = 0

    def word(self) -> None:
        """Words have been sent."""
        self._silent_ms = 0

    def let_pass(self, elapsed_ms: Millis, *, waiting: bool) -> None:
        """Time has passed. *waiting*: of what was sent before not all has gone, or come."""
        self._sparse_ms = max(0, self._sparse_ms - elapsed_ms)
        self._settle_ms = SETTLE_MS if waiting else max(0, self._settle_ms - elapsed_ms)

    def to_flush(self, is_open: bool) -> int:
        """Packets of silence that are due at once."""
        return max(0, FLUSH_PACKETS - round(self._silent_ms / PACKET_MS)) if self._flush and not is_open else 0

    def silence(self, is_open: bool) -> tuple[int, Care]:
        """Packets to send in a period that has no words, and how much they matter. Counts them as sent."""
        count, care = self.to_flush(is_open), Care.LAST
        if count:
            self._settle_ms = SETTLE_MS
            self._sparse_ms = SPARSE_MS
        elif self._is_paced(is_open):
            count, care = 1, Care.SAFE if self._silent_ms < SILENCE_MS else Care.LOOSE
        elif not self._sparse_ms:
            count, care = 1, Care.LOOSE
            self._sparse_ms = SPARSE_MS
        self._silent_ms += count * PACKET_MS
        return count, care

    def next_ms(self, is_open: bool) -> Millis:
        """When the next silence is due, or a look at whether it has gone to the network; 0: in the next period."""
        busy = self.to_flush(is_open) or self._is_paced(is_open) or self._settle_ms > 0
        return 0 if busy else self._sparse_ms

    @property
    def through(self) -> bool:
        """Whether the last word is surely through at the bot's side."""
        return self._silent_ms >= (FLUSH_MS if self._flush else STOP_AFTER_MS) and self._settle_ms <= 0

    @property
    def flushed(self) -> bool:
        """Whether nothing that the bot's side still holds is a word."""
        return self._flush and self.through

    def _is_paced(self, is_open: bool) -> bool:
        if self.fed and self._silent_ms < PATIENCE_MS:
            return True
        return self._silent_ms < SILENCE_MS and (is_open or not self._flush)
