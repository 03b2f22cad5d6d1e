"""Presses of a talk button of all kinds, through the whole chain to the real runner's bot, and what came of each.

A press says words of its own, which the bot's recording is searched for: the first, the last, all of them in order, and
whether the bot was told of the end of the turn only behind them.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.audio.speech import VOICES
from tests.bots.recording import Kept
from tests.box import Box, write_wav
from tests.relay.relay import Relay
from tests.words import RATE_HZ, Manner, Speech, look_for, speech

SHARES = {"cold": 3, "warm": 4, "connecting": 2, "early": 2, "hasty": 2, "double": 2, "stalled": 2, "lossy": 3}
"""Of twenty presses.

cold: there was no session; warm: there is one; connecting: while one is being made; early: let go before there was one;
hasty: let go in the middle of the last word; double: let go and pressed again within the tail; stalled: the network
holds everything for 300 ms; lossy: it loses 2 %.
"""
NEW = ("cold", "connecting", "early")
STALL_S = 0.3
LOSS = 0.02
SLOW_S = 0.25
"""How late each piece of HTTP is, either way, where a session is to take longer than a word: a second in all."""
GAP_S = 0.1
"""Between two presses that are one turn."""
TAIL_S = 0.28
"""By as much the button is let go before the last word is over, at most: nearly the release tail."""
HASTE_S = 0.6
"""By as much the hasty let go, where the last word is so long; the tail goes on for as long as they speak."""
TOLD_WITHIN_S = 5.0
"""A client-message that was lost is sent again after a second, then after two."""


@dataclass(frozen=True, slots=True)
class Press:
    kind: str
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the bot had of a press."""

    press: Press
    first: bool = False
    """Whether the first word came whole; so with the last."""
    last: bool = False
    missing: int = 0
    """Words that did not come whole, in order."""
    shift_ms: float = 0.0
    """By how much words that came whole came too far from the first one, or too near, at most."""
    turn_open: bool = False
    """The bot was not told of the turn's end."""
    stop_early: bool = False
    """It was told before the last word had come."""
    trouble: str = ""
    """The appliance did not do what was waited for."""

    @property
    def good(self) -> bool:
        return not (self.missing or self.turn_open or self.stop_early or self.trouble)


class Mouth(Protocol):
    """Somebody who speaks into the microphone of a box."""

    def prepare(self, said: Speech) -> None:
        """Before the press."""
        ...

    async def speak(self, seconds: float, *, on: bool = False) -> None:
        """Say it, and return after *seconds*; *on*: go on saying it. The microphone is open."""
        ...


class FileMouth:
    """Of a box whose microphone is the WAV file *path*: it plays in real time from its start when it is opened."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self, said: Speech) -> None:
        write_wav(self._path, said.samples)

    async def speak(self, seconds: float, *, on: bool = False) -> None:
        await asyncio.sleep(seconds)  # a person talks


def deal(count: int, seed: int) -> list[Press]:
    """*count* presses, of all kinds by their `SHARES`, in an order and each with words that *seed* chooses."""
    chance = random.Random(seed)
    of = [kind for kind, share in SHARES.items() for _ in range(share)]
    kinds = [of[i * len(of) // count % len(of)] if count < len(of) else of[i % len(of)] for i in range(count)]
    chance.shuffle(kinds)
    return [Press(kind, chance.randrange(1 << 30)) for kind in kinds]


class Person:
    """Who presses the buttons of one box whose network is *network*, and asks the bots' recordings by session."""

    def __init__(self, b: Box, network: Relay, mouth: Mouth, kept: Callable[[str], Kept]) -> None:
        self._box = b
        self._network = network
        self._mouth = mouth
        self._kept = kept
        self._since = 0
        self._turns = 0

    async def do(self, press: Press) -> Outcome:
        """One press, from before it until its words have been looked for. Never raises for what the box does wrong."""
        chance = random.Random(press.seed)
        said = words_of(press)
        self._mouth.prepare(said)
        try:
            await self._be_ready_for(press.kind, chance)
            await self._press(press.kind, said, chance)
            return await self._outcome(press, said)
        except AssertionError as error:
            await self._start_over()
            return Outcome(press, missing=len(said.words), trouble=str(error).partition("\n")[0])
        finally:
            self._network.set("both")
            self._network.http("pass")

    async def hang_up(self) -> None:
        """Until there is no session."""
        if self._box.status["state"] not in ("idle", "disconnected") or self._box.status["wanted"]:
            await self._box.hang_up()

    async def _be_ready_for(self, kind: str, chance: random.Random) -> None:
        """A session, or none, as *kind* wants it."""
        box = self._box
        if kind in NEW:
            await self.hang_up()
            self._since = self._turns = 0
            if kind == "early":
                self._network.http("pass", SLOW_S)
            if kind == "connecting":
                box.tap("session")
                await box.state(chance.choice(["authenticating", "connecting", "connected"]))
        elif box.status["state"] != "ready":
            await self.hang_up()
            self._since = self._turns = 0
            box.tap("session")
            await box.ready()
        if kind == "lossy":
            self._network.set("both", loss=LOSS)
        await asyncio.sleep(chance.uniform(0.0, 0.3) if kind != "connecting" else 0.0)

    async def _press(self, kind: str, said: Speech, chance: random.Random) -> None:
        """Hold the button nearly until all is *said*, and wait until the turn has been delivered."""
        box = self._box
        before_end_s = chance.uniform(0.0, TAIL_S)
        if kind == "hasty":
            before_end_s = min(HASTE_S, len(said.words[-1]) / RATE_HZ - 0.1)
        held_s = said.seconds - before_end_s
        box.press()
        await box.until(type="device", device="microphone", state="ok")
        if kind in ("double", "stalled"):
            before_s = chance.uniform(0.2, 0.8) * held_s
            await self._mouth.speak(before_s)
            gap_s = 0.0
            if kind == "stalled":
                self._network.stall(STALL_S)
            else:
                box.release()
                gap_s = GAP_S
                await self._mouth.speak(gap_s, on=True)
                box.press()
            await self._mouth.speak(held_s - before_s - gap_s, on=True)
        else:
            await self._mouth.speak(held_s)
        if kind == "early":
            assert box.status["state"] != "ready", "it was not early"
        box.release()
        await box.until(type="turn", event="stop")

    async def _outcome(self, press: Press, said: Speech) -> Outcome:
        kept, told = await self._told()
        if not all(one.whole for one in look_for(said, kept.sound[self._since :])):
            await asyncio.sleep(1.0)  # what comes late is not lost, but late
            kept, told = await self._told()
        heard = kept.sound[self._since :]
        found = await asyncio.to_thread(look_for, said, heard)
        end = found[-1].start + len(said.words[-1])
        stop = kept.turns()[-1].after_frames - self._since if told else len(heard)
        offsets = [one.start - start for one, start in zip(found, said.starts, strict=True) if one.whole]
        outcome = Outcome(
            press,
            first=found[0].whole,
            last=found[-1].whole,
            missing=sum(not one.whole for one in found),
            shift_ms=max((abs(offset - offsets[0]) for offset in offsets), default=0) * 1000 / RATE_HZ,
            turn_open=not told,
            stop_early=told and found[-1].whole and stop < end,
        )
        self._since, self._turns = self._since + max(stop, end if found[-1].whole else 0), len(kept.turns())
        return outcome

    async def _told(self) -> tuple[Kept, bool]:
        """What the bot has of this session, once it has been told of the turn's end, or was not."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + TOLD_WITHIN_S
        while True:
            kept = self._kept(self._network.sessions[-1])
            turns = kept.turns()
            if len(turns) > self._turns and turns[-1].state == "stop":
                return kept, True
            if loop.time() > until_s:
                return kept, False
            await asyncio.sleep(0.05)  # another process has no event to wait for

    async def _start_over(self) -> None:
        """After trouble: no button is held, and there is no session."""
        self._box.release()
        try:
            await self.hang_up()
        except AssertionError:
            await self._box.hang_up()


def words_of(press: Press) -> Speech:
    """What is said at *press*: three words, or one where there is no time for more."""
    chance = random.Random(press.seed)
    manner = Manner(
        voice=chance.choice(VOICES),
        words_per_minute=chance.choice((140, 175, 220)),
        peak_dbfs=chance.uniform(-20.0, -3.0),
        noise=chance.choice(("", "white", "pink", "fan")),
    )
    return speech(press.seed, 1 if press.kind == "early" else 3, manner)


def summary(outcomes: Sequence[Outcome]) -> Counter[str]:
    """How many presses there were, and how many of them went wrong in which way."""
    return Counter(
        {
            "presses": len(outcomes),
            "first word lost": sum(not one.first for one in outcomes),
            "last word lost": sum(not one.last for one in outcomes),
            "words lost": sum(one.missing for one in outcomes),
            "turn left open": sum(one.turn_open for one in outcomes),
            "stop before its word": sum(one.stop_early for one in outcomes),
            "trouble": sum(bool(one.trouble) for one in outcomes),
        }
    )
