"""What can befall a link, on real parts: a real runner that dies, freezes and comes back, and a network that does.

Each fault is a function that plays it once on a `Scene` and returns what the person at the box lived through. The
tests hold one of each to its promise; `bench recovery` plays them many times and prints the table.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.box import Box, box, settings
from tests.faults.lived import Lived, lived
from tests.relay.relay import Relay, relay
from tests.runners import Child, own_pipecat
from tests.signals import words

SAY_S = 0.4


class Scene:
    """A box in a session with a bot of a real runner, over a relay."""

    def __init__(self, b: Box, there: Child, net: Relay) -> None:
        self.box = b
        self.there = there
        self.net = net

    async def in_session(self) -> None:
        self.box.tap("session")
        await self.box.ready()

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def kill(self) -> None:
        await asyncio.to_thread(self.there.kill)

    async def start_again(self) -> float:
        """When the runner answered."""
        await asyncio.to_thread(self.there.again)
        return self.now_s()

    async def converse(self) -> None:
        """A turn and its answer: words flow both ways."""
        await self.box.say(SAY_S)
        await self.box.answer()

    def lived(self, fault_s: float, over_s: float) -> Lived:
        """What was told since *fault_s*; the fault was over at *over_s*, and the box is ready now."""
        return lived(self.box.events, fault_s, over_s, same_bot=len(self.there.sessions()) == 1)


@contextlib.asynccontextmanager
async def scene(bot: str = "echo", **changes: Any) -> AsyncIterator[Scene]:
    """A box that has not dialled yet, with the waits of the shipped configuration."""
    waits = {"first_wait_s": 1.0, "least_gap_s": 1.0, **changes}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fault-")))
        there = await asyncio.to_thread(stack.enter_context, own_pipecat(bot))  # other scenes are under way meanwhile
        net = stack.enter_context(relay(there.url))
        async with box(settings(net.url, folder, words(SAY_S), **waits)) as b:
            yield Scene(b, there, net)


# --- the runner


async def runner_killed(s: Scene) -> Lived:
    """It dies while nobody speaks, and is started again once that was noticed."""
    await s.in_session()
    fault_s = s.now_s()
    await s.kill()
    return await _returns(s, fault_s)


async def runner_killed_while_it_speaks(s: Scene) -> Lived:
    """As before, in the middle of the bot's words; wants the bot `tone`."""
    await s.in_session()
    await s.box.until(type="bot", event="audible")
    fault_s = s.now_s()
    await s.kill()
    return await _returns(s, fault_s)


async def runner_killed_while_a_person_speaks(s: Scene) -> Lived:
    """The button stays held all the while; the next bot hears the rest."""
    await s.in_session()
    s.box.press()
    await s.box.until(type="light", meaning="listening")
    fault_s = s.now_s()
    await s.kill()
    lived = await _returns(s, fault_s)
    s.box.release()
    await s.box.until(type="turn", event="stop", delivered=True)
    return lived


async def _returns(s: Scene, fault_s: float) -> Lived:
    await s.box.until(type="state", previous="ready")
    over_s = await s.start_again()
    await s.box.ready()
    return s.lived(fault_s, over_s)


async def killed_while_asked(s: Scene) -> Lived:
    """It stands still from before the start request on, dies, and comes back."""
    s.there.freeze()
    s.box.tap("session")
    await s.box.state("authenticating")
    return await _killed_in_phase(s)


async def killed_while_connecting(s: Scene) -> Lived:
    """It stands still once it has answered the start request, dies, and comes back."""
    hold = s.box.appliance.subscribe(lambda told: s.there.freeze() if told.get("state") == "connecting" else None)
    s.box.tap("session")
    await s.box.state("connecting")
    hold()
    return await _killed_in_phase(s)


async def killed_before_its_bot_is_ready(s: Scene) -> Lived:
    """The connection stands, and the bot has not said that it is ready; wants the bot `slow:20` first."""
    s.box.tap("session")
    await s.box.state("connected")
    s.there.begin("echo")  # what comes after it is quick
    return await _killed_in_phase(s)


async def _killed_in_phase(s: Scene) -> Lived:
    fault_s = s.now_s()
    await s.kill()
    await s.box.state("disconnected")
    over_s = await s.start_again()
    await s.box.ready()
    return s.lived(fault_s, over_s)


async def killed_while_hanging_up(s: Scene) -> Lived:
    """A person has hung up, and the bot dies before it has left: an end is an end, and nothing is retried."""
    await s.in_session()
    s.box.tap("session")
    await s.box.state("disconnecting")
    fault_s = s.now_s()
    await s.kill()
    await s.box.state("disconnected")
    return s.lived(fault_s, s.now_s())


async def runner_frozen(s: Scene, for_s: float = 3.0) -> Lived:
    """It stands still for a moment, and goes on."""
    await s.in_session()
    fault_s = s.now_s()
    s.there.freeze()
    await asyncio.sleep(for_s)  # the fault itself
    s.there.thaw()
    return await _over(s, fault_s)


# --- the network


async def blackout(s: Scene, for_s: float = 3.0) -> Lived:
    """No packet of the connection comes through, in neither direction; the runner can be asked."""
    await s.in_session()
    fault_s = s.now_s()
    s.net.blackout(for_s)
    await asyncio.sleep(for_s)  # the fault itself
    return await _over(s, fault_s)


async def deaf(s: Scene) -> Lived:
    """Nothing comes up for 3 s."""
    await s.in_session()
    fault_s = s.now_s()
    s.net.blackout(3.0, "up")
    await asyncio.sleep(3.0)  # the fault itself
    return await _over(s, fault_s)


async def rough(s: Scene) -> Lived:
    """Four seconds on a thin line that loses, doubles and overtakes: no reason to let go of a bot."""
    await s.in_session()
    fault_s = s.now_s()
    s.net.set("both", loss=0.02, duplicate=0.1, reorder=0.1, delay_ms=40, rate_kbit_s=160)
    await s.converse()
    await asyncio.sleep(4.0)  # the fault itself
    s.net.set("both")
    return await _over(s, fault_s)


async def network_out(s: Scene, for_s: float = 3.0) -> Lived:
    """Nothing at all comes through."""
    await s.in_session()
    fault_s = s.now_s()
    s.net.http("blackhole")
    s.net.blackout(for_s)
    await asyncio.sleep(for_s)  # the fault itself
    s.net.http("pass")
    return await _over(s, fault_s)


async def long_network_out(s: Scene) -> Lived:
    """Longer than anything is ridden out."""
    return await network_out(s, 12.0)


async def network_out_while_a_person_speaks(s: Scene) -> Lived:
    """The same with the button held, from before it to after it: one turn, and no word is lost."""
    await s.in_session()
    s.box.press()
    await s.box.until(type="light", meaning="listening")
    fault_s = s.now_s()
    s.net.http("blackhole")
    s.net.blackout(3.0)
    await asyncio.sleep(3.0)  # the fault itself
    s.net.http("pass")
    over_s = s.now_s()
    await _ready_by(s)
    s.box.release()
    await s.box.until(type="turn", event="stop", delivered=True)
    return s.lived(fault_s, over_s)


async def _over(s: Scene, fault_s: float) -> Lived:
    """The fault is over now: a person speaks at once, and is answered."""
    over_s = s.now_s()
    await _ready_by(s)
    await s.converse()
    return s.lived(fault_s, over_s)


async def _ready_by(s: Scene) -> None:
    """Until it is ready, if it is not; a box that has not noticed yet may still do so."""
    while s.box.status["state"] != "ready":
        await s.box.until(type="state")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    fault: Callable[[Scene], Awaitable[Lived]]
    bot: str = "echo"
    back_s: float = 5.0
    """It must be back by then."""
    noticed: bool = True
    """It must cease to claim to be ready."""
    same_bot: bool = False
    """It must go on with the bot it had."""


CASES = (
    Case(name="runner killed, started again", fault=runner_killed),
    Case(name="runner killed while its bot speaks", fault=runner_killed_while_it_speaks, bot="tone"),
    Case(name="runner killed while a person speaks", fault=runner_killed_while_a_person_speaks),
    Case(name="runner killed while asked for a bot", fault=killed_while_asked, noticed=False),
    Case(name="runner killed while connecting", fault=killed_while_connecting, noticed=False),
    Case(
        name="runner killed before its bot is ready", fault=killed_before_its_bot_is_ready, bot="slow:20", noticed=False
    ),
    Case(name="runner killed while hanging up", fault=killed_while_hanging_up, noticed=False),
    Case(name="runner frozen for 3 s", fault=runner_frozen, noticed=False, same_bot=True),
    Case(name="no packets for 3 s", fault=blackout, noticed=False, same_bot=True),
    Case(name="no packets upwards for 3 s", fault=deaf, noticed=False, same_bot=True),
    Case(name="a thin line that loses, doubles and overtakes", fault=rough, noticed=False, same_bot=True),
    Case(name="no network for 3 s", fault=network_out, noticed=False, same_bot=True),
    Case(
        name="no network for 3 s while a person speaks",
        fault=network_out_while_a_person_speaks,
        noticed=False,
        same_bot=True,
    ),
    Case(name="no network for 12 s", fault=long_network_out, same_bot=True),
)
