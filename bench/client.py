"""One client's part of `bench session`, in a process of its own: `python -m bench.client appliance|bare PLAN`.

PLAN is the JSON of a `Plan`; the figures come out as JSON, on the last line of standard output. Both clients go through
the very same conversation; what differs is behind the `Client` port (`client_appliance`, `client_bare`).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench import meter, sounds
from bench.sounds import PERIOD_FRAMES, RATE_HZ, Samples

SETTLE_S = 1.6
"""After a turn: the silence behind it has ended."""
ANSWER_S = 0.9
"""After a release: the tail has been sent, the bot has been told, and speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure, against what."""

    url: str
    folder: str
    """For sound; a client's own."""
    real: bool
    """The runner's bot can be talked across, and mirrors clicks."""
    phase_s: float = 0.0
    """Of each phase of a conversation; 0: no phases."""
    dials: int = 0
    clicks: int = 0
    """0: no clicks."""
    profile: bool = False
    """Tell what the loop's thread does while speaking and listening, which costs."""


@dataclass(frozen=True, slots=True)
class Dial:
    """From a press without a session."""

    first_packet_ms: float
    """Until the first packet of sound has left."""
    bot_ready_ms: float


@dataclass(frozen=True, slots=True)
class Ear:
    """What a person has heard."""

    samples: Samples
    """16 kHz."""
    periods_s: Sequence[float]
    """When each 20 ms of it began, monotonic."""

    def at_s(self, frame: int) -> float:
        """When *frame* was heard."""
        return self.periods_s[frame // PERIOD_FRAMES] + frame % PERIOD_FRAMES / RATE_HZ


class Client(Protocol):
    """Somebody with a button. Words come from `says.wav` in its folder, from the start at each press."""

    async def dial(self) -> Dial:
        """Press, and keep the button down until the bot is ready and the first words have left; then release."""
        ...

    async def press(self) -> None: ...

    async def release(self) -> None:
        """Let go, and wait until the turn's end has been told to the bot."""
        ...

    async def hang_up(self) -> None: ...

    def in_session_first_packet_ms(self) -> float | None:
        """From the last press, in a session, until the first of its words left; None: it was not measured."""
        ...

    def mouth_s(self) -> float:
        """When the first sample of the last press was spoken, monotonic."""
        ...

    def account(self) -> Mapping[str, Any]:
        """What the client itself tells of its last turn."""
        ...

    def ear(self) -> Ear:
        """What was heard. After `hang_up`, of a client that keeps what it hears."""
        ...


class MakeClient(Protocol):
    def __call__(
        self, url: str, folder: Path, body: Mapping[str, Any], *, keep: bool
    ) -> AbstractAsyncContextManager[Client]:
        """A client of the runner at *url*, which tells its bot *body* at each start. *keep*: what it hears goes to
        `heard.wav` in *folder*; else it is decoded and dropped, because no file belongs to what a session costs."""
        ...


async def measure(make: MakeClient, plan: Plan) -> dict[str, Any]:
    """Everything there is to know of one client, once."""
    meter.watch_connections()
    folder = Path(plan.folder)
    result: dict[str, Any] = {}
    sounds.speech(folder / "says.wav", plan.phase_s + 10)
    async with make(plan.url, folder, {}, keep=False) as client:
        await client.dial()  # what is made once is made here
        await _pause(client)
        dials = []
        for _ in range(plan.dials):
            dials.append(await client.dial())
            await _pause(client)
        result["first_packet_ms"] = [dial.first_packet_ms for dial in dials]
        result["bot_ready_ms"] = [dial.bot_ready_ms for dial in dials]
        await client.dial()
        await asyncio.sleep(SETTLE_S)
        if plan.phase_s:
            result["phases"] = await _converse(client, plan)
        else:
            await client.press()
            await asyncio.sleep(0.5)
            await client.release()
        result["in_session_first_packet_ms"] = client.in_session_first_packet_ms()
        result["memory_mb"] = meter.memory_mb()
        await client.hang_up()
    if plan.real and plan.clicks:
        clicks_s = sounds.clicks(folder / "says.wav", plan.clicks)
        async with make(plan.url, folder, {"mirror": True}, keep=True) as client:
            result["mouth_s"], result["ear_s"] = await _click(client, clicks_s)
    return result


async def _pause(client: Client) -> None:
    await client.hang_up()
    await asyncio.sleep(0.3)  # the bot lets go, on the same two cores


async def _converse(client: Client, plan: Plan) -> dict[str, dict[str, Any]]:
    """Quiet, then speaking, then listening, then both at once."""
    clock = meter.Meter()

    async def phase(seconds: float) -> dict[str, Any]:
        await clock.begin()
        profiler = meter.Profiler() if plan.profile else None
        await asyncio.sleep(seconds)
        work = {"work": profiler.end()} if profiler else {}
        return await clock.end() | work

    phases = {"quiet": await phase(plan.phase_s / 2)}
    await client.press()
    await asyncio.sleep(0.5)
    phases["speaking"] = await phase(plan.phase_s)
    await client.release()
    await asyncio.sleep(ANSWER_S)
    phases["listening"] = await phase(plan.phase_s - ANSWER_S)
    if plan.real:
        await client.press()
        await asyncio.sleep(0.5)
        phases["both"] = await phase(plan.phase_s)
        await client.release()
    return phases


async def _click(client: Client, clicks_s: list[float]) -> tuple[list[float], list[float]]:
    """When each click left the mouth, and when each of the bot's came to the ear."""
    await client.dial()
    await asyncio.sleep(SETTLE_S)
    await client.press()
    await asyncio.sleep(clicks_s[-1] + 0.8)
    mouth_s = client.mouth_s()
    await client.release()
    await client.hang_up()
    ear = client.ear()
    return [mouth_s + at_s for at_s in clicks_s], [ear.at_s(frame) for frame in sounds.find_clicks(ear.samples)]


def maker(name: str) -> MakeClient:
    """Of the client *name*; one process pays for one client's imports."""
    if name == "appliance":
        from bench import client_appliance

        return client_appliance.client
    from bench import client_bare

    return client_bare.client


def main() -> None:
    print(json.dumps(asyncio.run(measure(maker(sys.argv[1]), Plan(**json.loads(sys.argv[2]))))))


if __name__ == "__main__":
    main()
