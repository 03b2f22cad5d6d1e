"""What became of known words on a road: which came whole, how late, where there were holes, and when it was over. Pure.

Each word is cut into pieces of 120 ms, and each piece is looked for near where it should be. One that is there tells
how late it is; one that is there, but changed, tells nothing; one that is not there is a hole. A word is whole as
`tests.words` has it, or if all its sound is there in pieces of 60 ms, which have moved together a little: a buffer that
catches up takes it from pauses, and there are some in words.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.correlate import find
from tests.signals import level
from tests.words import RATE_HZ, WHOLE, Found, Samples, Speech, look_for

PIECE = RATE_HZ * 120 // 1000
SYLLABLE = RATE_HZ * 60 // 1000
QUIET = 0.2
"""A piece that is quieter than so much of its word is a pause."""
LITTLE = RATE_HZ * 40 // 1000
CHANGED = 0.5
"""Other speech of the same voice, moved to where it fits best, correlates with less in nine cases of ten."""
NEAR = RATE_HZ * 60 // 1000
FAR = RATE_HZ * 13 // 10
"""Later by more than the longest stall nothing comes."""
AGAIN_MS = 20.0
"""Within so much of what it was, the delay is what it was."""
SETTLED_S = 1.5
"""The last words: what the delay has become."""


@dataclass(frozen=True, slots=True)
class Ears:
    """What was heard of *said*, with the times of both ends, monotonic."""

    said: Speech
    spoken_s: Callable[[int], float]
    """When a frame of `said.samples` left the mouth."""
    samples: Samples
    heard_s: Callable[[int], float]
    """When a frame of `samples` came."""


@dataclass(frozen=True, slots=True)
class Verdict:
    whole: int
    """Of the words that ended after the event."""
    before_ms: float | None
    """Mouth to ear, median, before the event; None: nothing was heard."""
    after_ms: float | None
    """The same of the last words."""
    back_s: float | None
    """From the event until the end of the last word that was later than before; None: it never came back."""
    holes_ms: float
    holes: int


@dataclass(frozen=True, slots=True)
class _Piece:
    word: int
    spoken_s: float
    delay_ms: float | None
    hole: bool


def judge(ears: Ears, event_s: float) -> Verdict:
    """*event_s*: when something happened to the network, monotonic."""
    found = look_for(ears.said, ears.samples)
    after = [
        one.whole or _in_pieces(ears.samples, one.start, word)
        for one, start, word in zip(found, ears.said.starts, ears.said.words, strict=True)
        if ears.spoken_s(start + len(word)) > event_s
    ]
    pieces = list(_pieces(ears, found))
    before = [one.delay_ms for one in pieces if one.delay_ms is not None and one.spoken_s < event_s - 0.2]
    end_s = pieces[-1].spoken_s
    settled = [one.delay_ms for one in pieces if one.delay_ms is not None and one.spoken_s > end_s - SETTLED_S]
    usual_ms = statistics.median(before) if before else None
    return Verdict(
        whole=sum(after),
        before_ms=usual_ms,
        after_ms=statistics.median(settled) if settled else None,
        back_s=_back_s(pieces, usual_ms, event_s),
        holes_ms=sum(one.hole for one in pieces) * PIECE * 1000 / RATE_HZ,
        holes=sum(one.hole and not before.hole for before, one in zip([_START, *pieces], pieces, strict=False)),
    )


_START = _Piece(-1, 0.0, None, False)


def _back_s(pieces: list[_Piece], usual_ms: float | None, event_s: float) -> float | None:
    """By the median of each word: a single piece may be late because the machine was."""
    words = [list(of) for _, of in itertools.groupby(pieces, lambda one: one.word)]
    known = [
        (of[-1].spoken_s, statistics.median(delays))
        for of in words
        if of[-1].spoken_s >= event_s and (delays := [one.delay_ms for one in of if one.delay_ms is not None])
    ]
    if usual_ms is None or not known:
        return None
    late = [end_s for end_s, delay_ms in known if delay_ms > usual_ms + AGAIN_MS]
    if not late:
        return 0.0
    return None if late[-1] == known[-1][0] else late[-1] + PIECE / RATE_HZ - event_s


def _in_pieces(heard: Samples, start: int, word: Samples) -> bool:
    """Whether all the sound of *word* is in *heard*, near where it fits best as a whole, at *start*."""
    parts = [(at, word[at : at + SYLLABLE]) for at in range(0, len(word) - SYLLABLE + 1, SYLLABLE)]
    loud = [(at, part) for at, part in parts if level(part) > QUIET * level(word)]
    return all(_best(heard, part, start + at - LITTLE, start + at + LITTLE)[1] >= WHOLE for at, part in loud)


def _pieces(ears: Ears, found: Sequence[Found]) -> Iterator[_Piece]:
    """Every whole piece of every word, in order."""
    said = ears.said
    moved = [one.start - start for one, start in zip(found, said.starts, strict=True) if one.whole] or [0]
    least, now = min(moved), moved[0]
    for number, (one, start, word) in enumerate(zip(found, said.starts, said.words, strict=True)):
        if one.whole:
            now = one.start - start
        for at in range(0, len(word) - PIECE + 1, PIECE):
            piece, place = word[at : at + PIECE], start + at
            found_at, score = _best(ears.samples, piece, place + now - NEAR, place + now + NEAR)
            if score < WHOLE:
                far, farther = _best(ears.samples, piece, place + least - NEAR, place + least + FAR)
                found_at, score = (far, farther) if farther >= WHOLE else (found_at, score)
            delay_ms = None
            if score >= WHOLE:
                now = found_at - place
                delay_ms = (ears.heard_s(found_at) - ears.spoken_s(place)) * 1000
            yield _Piece(number, ears.spoken_s(place), delay_ms, score < CHANGED)


def _best(heard: Samples, piece: Samples, since: int, until: int) -> tuple[int, float]:
    """Where *piece* fits best into *heard*, if it begins between *since* and *until*, and how well."""
    since = max(since, 0)
    window = heard[since : until + len(piece)]
    if len(window) < len(piece):
        return since, 0.0
    at, score = find(window, piece)
    return since + at, score
