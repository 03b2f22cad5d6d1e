"""A session in each of its phases, and what befalls a real runner in it.

A phase is brought about, one of `strikes` comes, and then all must be well in the way of that phase:
somebody speaks and is answered, the held button's turn is delivered, the bot is heard, an end is an end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from tests.faults.lived import READY, Lived, Told
from tests.faults.scene import Case, Scene
from tests.faults.strikes import KILLED, LONG, MOMENT, RESTARTED, STRIKES

LEFT_OVER_S = 1.0
"""The playout buffer holds less than that of a bot's last words."""
HEARD: Told = {"type": "light", "meaning": "speaking"}


# --- phases: each brings a scene that has not dialled yet to where the fault strikes


async def _asked(s: Scene) -> None:
    """It stands still from before the start request on, as answering takes it a moment only."""
    s.there.freeze()
    s.box.tap("session")
    await s.box.state("authenticating")


async def _connecting(s: Scene) -> None:
    """It stands still once it has answered the start request."""
    end = s.box.appliance.subscribe(lambda told: s.there.freeze() if told.get("state") == "connecting" else None)
    s.box.tap("session")
    await s.box.state("connecting")
    end()


async def _awaited(s: Scene) -> None:
    """The connection stands, and the bot, which is slow, has not said that it is ready."""
    s.box.tap("session")
    await s.box.state("connected")
    s.there.next_bots("echo")


async def _quiet(s: Scene) -> None:
    await s.in_session()


async def _bot_speaks(s: Scene) -> None:
    await s.in_session()
    await s.box.until(**HEARD)


async def _person_speaks(s: Scene) -> None:
    """The button stays held until all is over."""
    await s.in_session()
    s.box.press()
    await s.box.until(type="light", meaning="listening")


async def _hanging_up(s: Scene) -> None:
    """A person has hung up, and the bot has not left yet."""
    await s.in_session()
    s.box.tap("session")
    await s.box.state("disconnecting")


async def _looked_for(s: Scene) -> None:
    """The network was away, and is back when the runner stands still already."""
    await s.in_session()
    s.net.http("blackhole")
    s.net.blackout(60.0)
    await s.box.state("connecting")
    s.there.freeze()
    s.net.blackout(0.0)
    s.net.http("pass")


async def _waiting(s: Scene) -> None:
    """It could not be reached, and can be when it stands still already."""
    s.net.http("refuse")
    s.box.tap("session")
    await s.box.until(type="recovery", phase="retrying")
    s.there.freeze()
    s.net.http("pass")


# --- afterwards


async def _talks(s: Scene) -> None:
    await s.ready_again()
    await s.converse()


async def _is_heard(s: Scene) -> None:
    """For longer than what was left of its last words in buffers."""
    while not s.speaks():
        while not s.speaks():
            await s.box.until(type="light")
        await asyncio.sleep(LEFT_OVER_S)  # it speaks


async def _delivers(s: Scene) -> None:
    await s.ready_again()
    s.box.release()
    await s.box.until(type="turn", event="stop", delivered=True)


async def _has_ended(s: Scene) -> None:
    """And a new session can be had."""
    while s.box.status["state"] != "disconnected":
        await s.box.until(type="state")
    await s.in_session()
    await s.converse()


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    when: str
    reach: Callable[[Scene], Awaitable[None]]
    then: Callable[[Scene], Awaitable[None]] = _talks
    bot: str = "echo"
    strikes: tuple[str, ...] = tuple(STRIKES)
    unnoticed: tuple[str, ...] = (MOMENT,)
    """What need not be noticed."""
    noticed_s: float = 5.0
    """Of a request the time-out of the configuration."""
    same_bot: tuple[str, ...] = (MOMENT,)
    """What it goes on after with the bot that it had."""
    talks: bool = False
    wanted: bool = True


# Left out: while it waits, a runner has no bot, and ends as one that is killed when it is asked to; and a bot that is
# looked for while its runner stands still for long is what comes of the same while nobody speaks.
PHASES = (
    Phase(when="while asked for a bot", reach=_asked, unnoticed=(MOMENT, LONG), noticed_s=30.0, same_bot=()),
    Phase(when="while connecting", reach=_connecting, unnoticed=(MOMENT, LONG), noticed_s=15.0, same_bot=()),
    Phase(when="before its bot is ready", reach=_awaited, bot="slow:4"),
    Phase(when="while nobody speaks", reach=_quiet, same_bot=(MOMENT, LONG)),
    Phase(when="while its bot speaks", reach=_bot_speaks, then=_is_heard, bot="tone"),
    Phase(when="while a person speaks", reach=_person_speaks, then=_delivers, same_bot=(MOMENT, LONG), talks=True),
    Phase(when="while hanging up", reach=_hanging_up, then=_has_ended, unnoticed=(), same_bot=(), wanted=False),
    Phase(when="while its bot is looked for", reach=_looked_for, strikes=(KILLED, RESTARTED, MOMENT)),
    Phase(
        when="while the box waits to retry",
        reach=_waiting,
        strikes=(KILLED, MOMENT, LONG),
        unnoticed=(KILLED, MOMENT, LONG),
        same_bot=(),
    ),
)


async def _play(phase: Phase, what: str, s: Scene) -> Lived:
    await phase.reach(s)
    s.strikes()
    over_s = await STRIKES[what](s)
    await phase.then(s)
    await s.alone()
    return s.lived(over_s, back=HEARD if phase.then is _is_heard else READY)


CASES = tuple(
    Case(
        name=f"runner {what} {phase.when}",
        fault=partial(_play, phase, what),
        bot=phase.bot,
        noticed=what not in phase.unnoticed,
        noticed_s=phase.noticed_s,
        same_bot=what in phase.same_bot,
        talks=phase.talks,
        wanted=phase.wanted,
    )
    for phase in PHASES
    for what in phase.strikes
)
