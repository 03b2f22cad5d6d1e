"""Where a link is broken: a box, a relay, and a real runner of its own that dies, freezes and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.box import Box, box, settings
from tests.faults.lived import LEFT_READY, READY, Lived, Told, lived
from tests.relay.relay import Relay, relay
from tests.runners import Child, own_pipecat
from tests.signals import words

SAY_S = 0.4
ALONE_S = 5.0
"""A bot that is let go of ends at once, or 2 s after it was asked to leave."""
ENDED: Told = {"type": "state", "state": "disconnected"}


class Scene:
    """A box in a session with a bot of a real runner, over a relay."""

    def __init__(self, b: Box, there: Child, net: Relay) -> None:
        self.box = b
        self.there = there
        self.net = net
        self._fault_s = 0.0
        self._bot: list[str] = []  # that it had then
        self._noticed = LEFT_READY

    async def in_session(self) -> None:
        self.box.tap("session")
        await self.box.ready()

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def strikes(self) -> None:
        """The fault comes now."""
        self._fault_s = self.now_s()
        self._bot = self.net.sessions[-1:]
        self._noticed = LEFT_READY if self.box.status["state"] == "ready" else ENDED

    @property
    def noticed(self) -> bool:
        """The box does not claim that all is well: it has given up what it had, or says what is wrong."""
        return self.box.status["state"] == "disconnected" or self.box.status["recovery"]["reason"] is not None

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

    async def ready_again(self) -> None:
        """Until it is ready, if it is not; a box that has not noticed yet may still do so."""
        while self.box.status["state"] != "ready":
            await self.box.until(type="state")

    def speaks(self) -> bool:
        """A person hears a bot that is there."""
        status = self.box.status
        return (status["state"], status["light"]["meaning"]) == ("ready", "speaking")

    async def alone(self) -> None:
        """Until no bot of the runner's is left but the one that the box has; those of a runner that died are none."""
        async with asyncio.timeout(ALONE_S):
            while self.there.at_work() != self.net.sessions[-1:]:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.05)

    async def over(self) -> Lived:
        """The fault is over now: a person speaks at once, and is answered."""
        over_s = self.now_s()
        await self.ready_again()
        await self.converse()
        await self.alone()
        return self.lived(over_s)

    def lived(self, over_s: float, *, back: Told = READY) -> Lived:
        """What was told since the fault came; it was over at *over_s*, and all is well now."""
        same_bot = bool(self._bot) and self.net.sessions[-1:] == self._bot
        return lived(self.box.events, self._fault_s, over_s, same_bot=same_bot, noticed=self._noticed, back=back)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    fault: Callable[[Scene], Awaitable[Lived]]
    bot: str = "echo"
    back_s: float = 5.0
    """It must be back by then."""
    noticed: bool = True
    """It must cease to claim to be ready, or to be making a session."""
    noticed_s: float = 5.0
    """By then, if it does."""
    same_bot: bool = False
    """It must go on with the bot it had."""
    talks: bool = False
    """Somebody does meanwhile; else the light must not turn green before the fault is over."""
    wanted: bool = True
    """A session is. Else its end needs no reason."""
