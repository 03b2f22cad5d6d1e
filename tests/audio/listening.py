"""A listener in virtual time: packets that come as a trace says, a speaker that asks every 20 ms of its own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from appliance.audio.arrivals import PlayoutCounters
from appliance.audio.decisions import Conceal, Play, Recover, Wait
from appliance.audio.playout import Playout
from appliance.audio.tempo import ALIKE, ANYWHERE, Change
from appliance.units import PACKET_MS

Delays = Sequence[float | None]
"""On the way, in ms, for each packet that a bot sends every 20 ms; None: lost."""

PHASE_MS = 7.0
"""From the speaker's period to the bot's."""

Content = Callable[[int, Change], float]
"""By how many ms a packet, by its number, can be made shorter as asked for (longer: negative)."""


def nothing_fits(_number: int, _change: Change) -> float:
    return 0.0


def speech(number: int, change: Change) -> float:
    """Three seconds of words, of which every other packet is a vowel with a period of 8 ms, and one of silence."""
    if number // 50 % 4 == 3:
        return max(-13.2, min(13.2, change.by_ms))
    wide_enough = abs(change.by_ms) >= 8.0
    fits = change.alike == ANYWHERE or (change.alike == ALIKE and number % 2 == 0)
    return (8.0 if change.by_ms > 0 else -8.0) if wide_enough and fits else 0.0


def music(number: int, change: Change) -> float:
    """It never stops, and nothing in it comes again."""
    return speech(0, change) if change.alike == ANYWHERE else 0.0


@dataclass
class Heard:
    played: list[tuple[float, int]] = field(default_factory=list)
    """When, in ms of the bot's clock, and the number of the packet."""
    guessed: list[float] = field(default_factory=list)
    """When; what was recovered is here too."""
    waited: int = 0
    """Periods in which nothing was played, once something had been."""
    counters: PlayoutCounters = field(default_factory=PlayoutCounters)

    def delays(self, *, since_ms: float = 0.0, until_ms: float = float("inf")) -> list[float]:
        """From the sending of each packet to its play; *since_ms* to *until_ms* is when it is played."""
        return [at_ms - number * PACKET_MS - PHASE_MS for at_ms, number in self.played if since_ms <= at_ms < until_ms]

    def numbers(self) -> list[int]:
        return [number for _, number in self.played]


def arrivals(delays: Iterable[float | None]) -> list[tuple[float, int]]:
    """When each packet comes, in ms, and its number, in that order."""
    came = (
        (number * PACKET_MS + PHASE_MS + delay_ms, number)
        for number, delay_ms in enumerate(delays)
        if delay_ms is not None
    )
    return sorted(came)


def listen(delays: Delays, content: Content = speech, *, ppm: float = 0.0, periods: int | None = None) -> Heard:
    """All that is heard. The speaker's clock is slower than the bot's by *ppm*."""
    playout, heard, coming = Playout(lambda payload: False), Heard(), arrivals(delays)
    period_ms = PACKET_MS * (1 + ppm / 1e6)
    carried_ms, next_one = 0.0, 0
    for period in range(len(delays) if periods is None else periods):
        now_ms = period * period_ms
        while next_one < len(coming) and coming[next_one][0] <= now_ms:
            at_ms, number = coming[next_one]
            playout.push(number & 0xFFFF, number * 960 & 0xFFFFFFFF, b"%8d" % number, at_ms / 1000)
            next_one += 1
        playout.period()
        filled_ms = carried_ms
        while filled_ms < PACKET_MS:
            match playout.pull(filled_ms):
                case Play(payload, change):
                    heard.played.append((now_ms + filled_ms, int(payload)))
                    filled_ms += PACKET_MS - (content(int(payload), change) if change is not None else 0.0)
                case Recover() | Conceal():
                    heard.guessed.append(now_ms + filled_ms)
                    filled_ms += PACKET_MS
                case Wait():
                    heard.waited += bool(heard.played)
                    filled_ms = PACKET_MS
        carried_ms = filled_ms - PACKET_MS
    heard.counters = playout.counters
    return heard
