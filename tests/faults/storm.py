"""Many boxes that lose one runner together: real drivers and real HTTP, with a double where the media would be.

Two hundred peer connections are more than a test's machine can carry, and a storm is made of dials, not of sound: so a
session here is the real start and offer request, and then a connection that is simply up until the runner goes away.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web

from appliance.audio.opus import OpusCodec
from appliance.service.driver import Driver
from appliance.session.effects import CloseLink, Connect, Effect, StartBot
from appliance.session.events import AttemptFailed, Booted, BotReady, BotStarted, Connected, Event, OfferAnswered
from appliance.session.failure import Failure, Kind
from appliance.session.lifecycle import TransportState
from appliance.session.policy import Policy
from appliance.transport.replies import AttemptError
from appliance.transport.resolver import DaemonResolver
from appliance.transport.settings import TransportSettings
from appliance.transport.signalling import Signalling

NOTICED_S = (2.0, 5.0)
"""How long a box takes to notice that its runner is gone: somewhere in between."""
BOOT_S = 10.0
"""Within which the boxes are switched on."""

SDP = (
    "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 opus/48000/2\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
)
"""As much of one as is looked at."""


class OneRunner:
    """Answers starts and offers, goes away, and comes back at the same address. Keeps when each start was asked for."""

    def __init__(self) -> None:
        self.starts_s: list[float] = []
        self.away = asyncio.Event()
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def come(self) -> str:
        """Listen; the address."""
        app = web.Application()
        app.router.add_post("/start", self._start)
        app.router.add_post("/sessions/{sid}/api/offer", self._offer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024).start()
        self._port = self._runner.addresses[0][1]
        self.away.clear()
        return f"http://127.0.0.1:{self._port}"

    async def go(self) -> None:
        """Be gone, as if it had crashed."""
        self.away.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def _start(self, _request: web.Request) -> web.Response:
        self.starts_s.append(time.monotonic())
        return web.json_response({"sessionId": f"s{len(self.starts_s)}"})

    async def _offer(self, _request: web.Request) -> web.Response:
        return web.json_response({"sdp": SDP, "type": "answer", "pc_id": "p"})


class Box:
    """One appliance, as far as it dials."""

    def __init__(
        self, url: str, there: OneRunner, policy: Policy, chance: random.Random, changed: asyncio.Event
    ) -> None:
        self._settings = TransportSettings(url=url, codec=OpusCodec())
        self._there = there
        self._chance = chance
        self._changed = changed
        self._resolver = DaemonResolver()
        self._session: asyncio.Task[None] | None = None
        self._driver = Driver(policy, self._perform, self._crashed, jitter=chance.random)
        self.crash: BaseException | None = None

    @property
    def ready(self) -> bool:
        return self._driver.state.link.state is TransportState.READY

    async def live(self) -> None:
        """Boot somewhere within `BOOT_S`, and keep a session for as long as this is not cancelled."""
        await asyncio.sleep(self._chance.random() * BOOT_S)
        self._driver.post(Booted())
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._driver.close()
            if self._session is not None:
                self._session.cancel()

    def _perform(self, effect: Effect) -> None:
        match effect:
            case StartBot(attempt=attempt) | Connect(attempt=attempt, reply=None):
                self._session = asyncio.create_task(self._dial(attempt), name=f"dial-{attempt}")
            case CloseLink() if self._session is not None and self._session is not asyncio.current_task():
                self._session.cancel()
            case _:
                pass

    async def _dial(self, attempt: int) -> None:
        """The real requests, then a connection that is up until the runner is gone and the box has noticed."""
        signalling = Signalling(self._settings, resolver=self._resolver)
        try:
            reply = await signalling.start()
            self._post(BotStarted(attempt, reply))
            await signalling.offer(reply, SDP)
            for event in (OfferAnswered(attempt), Connected(attempt), BotReady(attempt, "2.2.0")):
                self._post(event)
        except AttemptError as error:
            self._post(AttemptFailed(attempt, error.failure))
            return
        finally:
            await signalling.close()
        await self._there.away.wait()
        await asyncio.sleep(self._chance.uniform(*NOTICED_S))
        self._post(AttemptFailed(attempt, Failure(Kind.LINK, "the connection to the bot was lost")))

    def _post(self, event: Event) -> None:
        self._driver.post(event)
        self._changed.set()

    def _crashed(self, error: BaseException) -> None:
        self.crash = error
        self._changed.set()


@dataclass(slots=True)
class Storm:
    """What came of it; times are seconds from the runner's return on."""

    dials_s: list[float] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)
    """When each box was in a session again."""

    @property
    def most_in_a_second(self) -> int:
        """Starts in the worst second, wherever that begins."""
        dials = sorted(self.dials_s)
        return max(
            (sum(begin <= at < begin + 1.0 for at in dials[i : i + 500]) for i, begin in enumerate(dials)), default=0
        )


async def storm(*, boxes: int, away_s: float, limit_s: float, policy: Policy, seed: int) -> Storm:
    """*boxes* are in a session each; the runner is away for *away_s*; how they come back, for at most *limit_s*."""
    there, changed, found = OneRunner(), asyncio.Event(), Storm()
    url = await there.come()
    every = [Box(url, there, policy, random.Random(f"{seed}-{number}"), changed) for number in range(boxes)]
    async with _living(every):
        await _all_ready(every, changed, BOOT_S + limit_s)
        await there.go()
        await asyncio.sleep(away_s)  # the outage is what is tested
        known = len(there.starts_s)
        await there.come()
        back_s = time.monotonic()
        waiting = set(range(boxes))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while waiting:
                    changed.clear()
                    came = {number for number in waiting if every[number].ready}
                    found.ready_s += [time.monotonic() - back_s] * len(came)
                    waiting -= came
                    if waiting:
                        await changed.wait()
        found.dials_s = [at_s - back_s for at_s in there.starts_s[known:]]
        crashes = [box.crash for box in every if box.crash is not None]
        if crashes:
            raise crashes[0]
    await there.go()
    return found


@contextlib.asynccontextmanager
async def _living(every: list[Box]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(box.live(), name="box") for box in every]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _all_ready(every: list[Box], changed: asyncio.Event, limit_s: float) -> None:
    async with asyncio.timeout(limit_s):
        while not all(box.ready for box in every):
            changed.clear()
            await changed.wait()
