"""The whole appliance with a runner, the embedded and the real one: the life cycle, the three starts, the endings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from appliance.session.events import ConnectAsked, StartAsked
from tests.box import box, settings
from tests.correlate import MOST, find, share
from tests.runners import Runner, runner
from tests.signals import WHOLE, words

STATES = ["authenticating", "authenticated", "connecting", "connected", "ready", "disconnecting", "disconnected"]
STEP = 800
"""50 ms at 16 kHz: as little as is telling at the edges of a sentence."""


async def test_a_press_a_sentence_an_answer_a_clean_hang_up(echo: Runner, tmp_path: Path) -> None:
    said = words(1.5)
    async with box(settings(echo.url, tmp_path, said)) as b:
        await b.say(1.5)
        await b.answer()
        await b.hang_up()
        assert b.told("state", "state") == STATES
        assert b.status["state"] == "disconnected" and not b.status["wanted"]
    assert share(b.heard(), said) > MOST, "heard at this end"
    assert find(b.heard(), said[:STEP])[1] > WHOLE, "from its first sample on"
    heard = echo.heard()
    start, score = find(heard, said)
    assert score > WHOLE, "heard at the bot's end"
    assert find(heard[max(start - STEP, 0) : start + 2 * STEP], said[:STEP])[1] > WHOLE, "the first 50 ms"
    (_, first), (ended, last) = echo.told()
    assert (first, last) == tuple({"t": "push_to_talk", "d": {"state": state}} for state in ("start", "stop"))
    assert ended >= start + len(said), "no stop before the last word"


async def test_what_was_said_before_ready_comes_first_and_whole(kind: str, tmp_path: Path) -> None:
    said = words(2.0)
    async with runner(kind, bot="slow:1.2") as r, box(settings(r.url, tmp_path, said)) as b:
        await b.say(2.0)
        assert b.status["counters"]["frames_dropped"] == 0
        await b.answer()
        await b.hang_up()
        assert find(r.heard(), said)[1] > WHOLE
        assert share(b.heard(), said) > MOST


async def test_a_press_that_is_released_before_ready_is_delivered_after_it(kind: str, tmp_path: Path) -> None:
    said = words(0.6)
    async with runner(kind, bot="slow:1.5") as r, box(settings(r.url, tmp_path, said)) as b:
        await b.say(0.6)
        assert b.told("state", "state")[-1] == "ready"
        await b.answer()
        assert share(b.heard(), said) > MOST
        await b.hang_up()


async def test_two_turns_in_one_session(echo: Runner, tmp_path: Path) -> None:
    said = words(0.8)
    async with box(settings(echo.url, tmp_path, said)) as b:
        for _ in range(2):
            await b.say(0.8)
            await b.answer()
        assert b.status["counters"]["turns"] == 2
        assert b.status["counters"]["sessions"] == 1
        await b.hang_up()
    assert [message["d"]["state"] for _, message in echo.told()] == ["start", "stop"] * 2  # type: ignore[index]


async def test_start_then_connect_keeps_the_reply_and_waits_for_the_request(echo: Runner, tmp_path: Path) -> None:
    async with box(settings(echo.url, tmp_path, start="start-then-connect", connect_by="request")) as b:
        b.appliance.post(StartAsked())
        await b.state("authenticated")
        reply = b.status["start_reply"]
        assert isinstance(reply["sessionId"], str)
        b.appliance.post(ConnectAsked())
        await b.ready()
        assert b.status["start_reply"] == reply
        await b.hang_up()


async def test_start_then_connect_by_itself(echo: Runner, tmp_path: Path) -> None:
    async with box(settings(echo.url, tmp_path, start="start-then-connect")) as b:
        b.tap("session")
        await b.ready()
        await b.hang_up()
        assert b.told("state", "state") == STATES


async def test_connect_with_direct_parameters(echo: Runner, tmp_path: Path) -> None:
    said = words(0.8)
    async with box(settings(echo.url, tmp_path, said, start="connect")) as b:
        await b.say(0.8)
        await b.answer()
        await b.hang_up()
        assert b.told("state", "state") == STATES[2:]
        assert share(b.heard(), said) > MOST


async def test_the_bot_ends_the_session(kind: str, tmp_path: Path) -> None:
    async with runner(kind, bot="leaves:0.3") as r, box(settings(r.url, tmp_path)) as b:
        b.tap("session")
        await b.ready()
        await b.until(type="bot", event="gone")
        await b.state("disconnected")
        assert b.told("state", "state")[-2:] == ["disconnecting", "disconnected"]
        assert not b.status["wanted"] and b.status["recovery"]["phase"] == "none"


async def test_the_bot_ends_and_the_transport_ends_by_itself(kind: str, tmp_path: Path) -> None:
    chosen = settings("", tmp_path, disconnect_on_bot_disconnect=False)
    async with (
        runner(kind, bot="leaves:0.3") as r,
        box(settings(r.url, tmp_path, disconnect_on_bot_disconnect=False)) as b,
    ):
        assert not chosen.session.disconnect_on_bot_disconnect
        b.tap("session")
        await b.ready()
        await b.until(type="bot", event="gone")
        await b.state("disconnected")
        assert "disconnecting" not in b.told("state", "state")


async def test_a_fatal_error_ends_the_session_and_a_new_one_is_made(kind: str, tmp_path: Path) -> None:
    async with runner(kind, bot="fatal:0.2") as r, box(settings(r.url, tmp_path)) as b:
        b.tap("session")
        await b.ready()
        error = await b.until(type="error")
        assert error["fatal"] and error["source"] == "bot" and "pipeline has failed" in error["message"]
        assert (await b.until(type="recovery"))["phase"] == "retrying"
        await b.ready()
        assert b.status["counters"]["reconnects"] == 1
        assert "disconnected" in b.told("state", "state")


async def test_a_non_fatal_error_is_told_and_the_session_goes_on(kind: str, tmp_path: Path) -> None:
    said = words(0.8)
    async with runner(kind, bot="non-fatal:0.2") as r, box(settings(r.url, tmp_path, said)) as b:
        b.tap("session")
        await b.ready()
        error = await b.until(type="error")
        assert not error["fatal"] and error["source"] == "bot"
        await b.say(0.8)
        await b.answer()
        assert b.status["counters"]["sessions"] == 1
        await b.hang_up()


async def test_a_bot_whose_voice_is_dead_is_replaced(kind: str, tmp_path: Path) -> None:
    async with runner(kind, bot="write-dead:0.2") as r, box(settings(r.url, tmp_path)) as b:
        b.tap("session")
        await b.ready()
        assert (await b.until(type="error"))["fatal"]
        await b.ready()


async def test_a_bot_that_crashes_at_start_is_found_out(kind: str, tmp_path: Path) -> None:
    async with runner(kind, bot="crash") as r, box(settings(r.url, tmp_path, bot_ready_timeout_s=0.5)) as b:
        b.tap("session")
        await b.state("connected")
        error = await b.until(type="error")
        assert error["source"] == "start" and "not ready within 0.5 s" in error["message"]
        assert b.status["recovery"]["phase"] == "retrying"
        assert "ready" not in b.told("state", "state")


async def test_what_the_bot_says_before_it_is_ready_is_played(kind: str, tmp_path: Path) -> None:
    async with runner(kind, bot="tone") as r, box(settings(r.url, tmp_path)) as b:
        b.tap("session")
        await b.until(type="bot", event="audible")
        await b.hang_up()


@pytest.mark.parametrize("moment", ["authenticating", "connecting", "connected"])
async def test_a_stop_while_the_session_is_being_made_leaves_no_bot_behind(
    kind: str, moment: str, tmp_path: Path
) -> None:
    async with runner(kind) as r, box(settings(r.url, tmp_path)) as b:
        b.tap("session")
        if moment != "authenticating":
            await b.state(moment)
        b.tap("session")
        await b.state("disconnected")
        await no_bot_left(r)
        b.tap("session")
        await b.ready()
        await b.hang_up()
        assert r.sessions(), "this one's, at least"
        await no_bot_left(r)


async def no_bot_left(r: Runner) -> None:
    """Every bot that was started has ended, as the runner sees it: its session is not known any more (404)."""
    async with aiohttp.ClientSession() as client, asyncio.timeout(5):
        for session in r.sessions():
            while (await client.get(f"{r.url}/sessions/{session}/probe")).status != 404:  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # another process has no event to wait for


async def test_a_press_in_disconnecting_starts_anew(echo: Runner, tmp_path: Path) -> None:
    said = words(0.8)
    async with box(settings(echo.url, tmp_path, said)) as b:
        b.tap("session")
        await b.ready()
        b.tap("session")
        await b.state("disconnecting")
        await b.say(0.8)
        await b.answer()
        assert share(b.heard(), said) > MOST
        await b.hang_up()


@pytest.mark.runner
@pytest.mark.timeout(120)
async def test_a_runner_that_is_killed_is_noticed_and_retried(tmp_path: Path) -> None:
    async with runner("pipecat") as r, box(settings(r.url, tmp_path)) as b:
        b.tap("session")
        await b.ready()
        r.kill()
        error = await b.until(45.0, type="error")
        assert error["fatal"] and error["source"] == "transport"
        assert (await b.until(type="recovery"))["phase"] == "retrying"
        b.tap("session")
        assert b.status["recovery"]["phase"] == "none"
