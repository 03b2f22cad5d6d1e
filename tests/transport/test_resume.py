"""A connection that is lost, and the way back: signs, probes and resumes, with the embedded runner and the real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from appliance.session.events import (
    Answer,
    BotReady,
    BotStarted,
    Connected,
    ConnectionLost,
    Probed,
    ResumeFailed,
    Signs,
)
from appliance.session.failure import Kind
from appliance.session.media import Care
from appliance.transport.smallwebrtc import SmallWebRtc
from tests.runners import BOTH, Runner, free_port, runner
from tests.transport.helpers import SPOKEN, Dial, serve, settings


@asynccontextmanager
async def dial(kind: str, bot: str) -> AsyncIterator[tuple[Dial, Runner]]:
    async with runner(kind, bot=bot) as one:
        call = Dial(SmallWebRtc(settings(one.url)))
        try:
            yield call, one
        finally:
            await call.end()


async def connected(call: Dial) -> None:
    call.session.start()
    call.session.connect((await call.expect(BotStarted)).reply)
    await call.expect(Connected)


async def ready(call: Dial) -> None:
    await connected(call)
    await call.expect(BotReady)


async def answer(call: Dial) -> Answer:
    call.events.clear()
    call.session.probe()
    return (await call.expect(Probed)).answer


@pytest.mark.parametrize("kind", BOTH)
async def test_a_session_goes_on_by_another_connection(kind: str) -> None:
    async with dial(kind, "echo") as (call, one):
        await ready(call)
        await call.until(lambda: bool(call.packets))
        assert await answer(call) is Answer.ALIVE
        for _ in range(2):
            call.events.clear()
            call.packets.clear()
            call.session.resume(quiet=False)
            await call.expect(Connected)
            await call.until(lambda: len(call.packets) > 5)
            assert call.names() == ["OfferAnswered", "Connected"], "nothing is told of the old one"
            assert await answer(call) is Answer.ALIVE
            await call.until(lambda: not call.session._closing)
        call.session.send_turn("start")
        call.session.link.send([SPOKEN] * 50, Care.SAFE)
        call.session.send_turn("stop")
        await call.until(lambda: call.session.counters.packets_sent == 50)
        sessions = one.sessions
        async with asyncio.timeout(5):
            while len(one.told()) < 2:  # noqa: ASYNC110 - another process has no event to wait for
                await asyncio.sleep(0.02)
        assert [data["d"]["state"] for _, data in one.told()] == ["start", "stop"]  # type: ignore[index]
        assert len(sessions()) == 1, "the same bot heard it"


@pytest.mark.parametrize("kind", BOTH)
async def test_a_bot_that_crashed_at_its_start_is_told_from_one_that_is_slow(kind: str) -> None:
    async with dial(kind, "slow:1") as (call, _):
        await connected(call)
        assert await answer(call) is Answer.ALIVE
        await call.expect(BotReady)
    async with dial(kind, "crash") as (call, _):
        await connected(call)
        async with asyncio.timeout(5):
            while await answer(call) is not Answer.GONE:
                pass
        call.events.clear()
        call.session.resume(quiet=False)
        failure = (await call.expect(ResumeFailed)).failure
        assert (failure.kind, failure.status) == (Kind.STATUS, 404)


async def test_sound_is_a_sign_and_its_end_is_told() -> None:
    async with dial("embedded", "tone") as (call, one):
        await ready(call)
        await call.expect(Signs)
        assert [event for event in call.events if isinstance(event, Signs)] == [Signs(1, sound=True, heard=True)]
        await one.inner.stop()  # type: ignore[attr-defined]
        await call.expect(ConnectionLost)
        assert call.names()[-1] == "ConnectionLost"
        assert await answer(call) is Answer.REFUSED


async def test_a_quiet_resume_waits_until_the_pings_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.transport.attempt.HUSH_S", 0.6)
    async with dial("embedded", "tone") as (call, _):
        await ready(call)
        pinged_s = call.session._lines[-1].pinged_s
        call.session.resume(quiet=True)
        await call.until(lambda: call.names().count("Connected") == 2)
        assert asyncio.get_running_loop().time() - pinged_s >= 0.6


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (200, Answer.ALIVE),
        (307, Answer.UNCLEAR),
        (400, Answer.STRANGER),
        (404, Answer.GONE),
        (405, Answer.UNCLEAR),
        (429, Answer.UNCLEAR),
        (502, Answer.UNCLEAR),
    ],
)
async def test_what_the_answer_to_a_probe_means(status: int, means: Answer) -> None:
    asked: list[tuple[str, str, object]] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append((request.method, request.path, json.loads(await request.read())))
        return web.Response(status=status, text="{}", headers={"Location": "/elsewhere"})

    async with serve(handler) as url:
        call = Dial(SmallWebRtc(settings(url)))
        call.session._reply, call.session._pc_id = {"sessionId": "s"}, "pc#1"
        assert await answer(call) is means
        await call.end()
    assert asked == [("PATCH", "/sessions/s/api/offer", {"pc_id": "pc#1", "candidates": []})]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_runner_that_does_not_listen_refuses(host: str) -> None:
    call = Dial(SmallWebRtc(settings(f"http://{host}:{free_port()}")))
    call.session._reply, call.session._pc_id = {"sessionId": "s"}, "pc#1"
    assert await answer(call) is Answer.REFUSED
    await call.end()


async def test_a_new_question_gives_up_the_old() -> None:
    asked = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked == 1:
            await asyncio.Event().wait()
        return web.Response()

    async with serve(handler) as url:
        call = Dial(SmallWebRtc(settings(url)))
        call.session._reply, call.session._pc_id = {"sessionId": "s"}, "pc#1"
        call.session.probe()
        async with asyncio.timeout(5):
            while not asked:  # noqa: ASYNC110 - the other end is in this loop
                await asyncio.sleep(0)
        assert await answer(call) is Answer.ALIVE
        assert call.names() == ["Probed"]
        await call.end()
