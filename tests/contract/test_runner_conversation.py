"""Whole conversations with a runner and their endings, the embedded one and the real one held against the same ear."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.correlate import MOST, find, share
from tests.runners import Runner, runner
from tests.signals import WHOLE, level, words
from tests.witness import Witness, witness


class TestConversation:
    async def test_a_turn_is_said_back_whole(self, echo: Runner) -> None:
        said = words()
        async with witness(echo.url) as client:
            await client.ready()
            await client.turn(said)
            await client.got("bot-stopped-speaking")
            heard = client.heard()
            assert client.types() == [
                *("bot-ready", "user-started-speaking", "bot-interrupted", "user-stopped-speaking"),
                *("bot-tts-started", "bot-tts-stopped", "bot-started-speaking", "bot-stopped-speaking"),
            ]
        start, score = find(heard, said)
        assert score > WHOLE
        assert find(heard[start : start + 1600], said[:800])[1] > WHOLE, "the first 50 ms"
        assert find(heard, said[-800:])[1] > WHOLE, "the last 50 ms"
        assert find(echo.heard(), said)[1] > WHOLE

    async def test_the_runner_tells_what_it_was_told_and_when(self, echo: Runner) -> None:
        said = words()
        async with witness(echo.url) as client:
            await client.ready()
            await client.turn(said)
            await client.got("user-stopped-speaking")
            (before, start), (after, stop) = echo.told()
            assert start == {"t": "push_to_talk", "d": {"state": "start"}}
            assert stop == {"t": "push_to_talk", "d": {"state": "stop"}}
            assert after - before >= len(said)
            assert find(echo.heard()[:after], said)[1] > WHOLE

    async def test_a_second_press_interrupts(self, echo: Runner) -> None:
        async with witness(echo.url) as client:
            await client.ready()
            await client.turn(words(3.0))
            await client.got("bot-started-speaking")
            frames = client.frames + 10
            await client.until(lambda: client.frames > frames, "the bot to be heard")
            client.talk("start")
            await client.got("bot-stopped-speaking", deadline_s=1.0)
            assert client.types()[-3:] == ["user-started-speaking", "bot-interrupted", "bot-stopped-speaking"]
            frames = client.frames + 20
            await client.until(lambda: client.frames > frames, "silence")
            assert level(client.heard()[-10 * 320 :]) < 10

    async def test_silence_is_sent_all_the_time(self, echo: Runner) -> None:
        async with witness(echo.url) as client:
            await client.ready()
            await client.until(lambda: client.frames > 0, "the first frame")
            began_s, first = time.monotonic(), client.frames
            await client.until(lambda: client.frames >= first + 50, "a second of silence")
            assert 0.8 < time.monotonic() - began_s < 1.3
            assert client.shape == (48_000, 2)
            assert level(client.heard()) < 1

    async def test_a_bot_is_heard_before_it_is_ready(self, kind: str) -> None:
        async with runner(kind, bot="tone") as r, witness(r.url) as client:
            await client.connect()
            await client.until(lambda: level(client.heard()[-1600:]) > 3000, "the tone")
            await client.got("bot-started-speaking")
            assert "bot-ready" not in client.types()

    async def test_a_slow_bot_hears_what_was_said_meanwhile(self, kind: str) -> None:
        said = words()
        async with runner(kind, bot="slow:1.5") as r, witness(r.url) as client:
            await client.connect()
            client.tell("client-ready", {"version": "2.2.0"})
            client.speech.say(said)
            await asyncio.wait_for(client.speech.said.wait(), 5)
            assert client.frames == 0
            assert client.messages == []
            await client.got("bot-ready")
            await client.until(lambda: client.frames > 25, "silence")
            assert find(r.heard(), said)[1] > WHOLE


class TestEndings:
    async def test_asked_to_end(self, echo: Runner) -> None:
        async with witness(echo.url) as client:
            await client.ready()
            assert await client.probe() == 200
            began_s = time.monotonic()
            client.tell("disconnect-bot")
            endings = await client.ended()
            assert 1.9 < time.monotonic() - began_s < 3.0
            assert endings[0] == "peerLeft"
            assert set(endings) == {"peerLeft", "track", "channel", "closed"}
            assert await client.probe() == 404

    async def test_asked_to_end_it_says_what_it_has_to_say(self, echo: Runner) -> None:
        said = words(2.8)  # longer than the grace
        async with witness(echo.url) as client:
            await client.ready()
            await client.turn(said)
            await client.got("bot-started-speaking")
            client.tell("disconnect-bot")
            await client.ended()
            assert share(client.heard(), said) > MOST

    async def test_the_client_leaves(self, echo: Runner) -> None:
        async with witness(echo.url) as client, witness(echo.url) as other:
            await client.ready()
            other.session, other.pc_id = client.session, client.pc_id
            assert await other.probe() == 200
            await client.pc.close()
            await gone(other)

    async def test_a_fatal_error(self, kind: str) -> None:
        async with runner(kind, bot="fatal:0.2") as r, witness(r.url) as client:
            await client.ready()
            error = await client.got("error")
            told_s = time.monotonic()
            data = error["data"]
            assert isinstance(data, dict)
            assert data["fatal"] is True
            assert (await client.ended())[0] == "peerLeft"
            assert time.monotonic() - told_s < 1.0
            assert await client.probe() == 404

    async def test_an_error_that_is_not_fatal(self, kind: str) -> None:
        said = words()
        async with runner(kind, bot="non-fatal:0") as r, witness(r.url) as client:
            await client.ready()
            data = (await client.got("error"))["data"]
            assert isinstance(data, dict)
            assert data["fatal"] is False
            await client.turn(said)
            await client.got("bot-stopped-speaking")
            assert share(client.heard(), said) > MOST

    async def test_a_voice_that_is_dead(self, kind: str) -> None:
        async with runner(kind, bot="write-dead:0") as r, witness(r.url) as client:
            await client.ready()
            data = (await client.got("error"))["data"]
            assert isinstance(data, dict)
            assert data["error"].endswith(
                "timed out after 10.0s writing audio to the transport; the peer has stopped reading"
            )
            assert data["fatal"] is False
            await client.turn(words(0.3))
            await client.got("user-stopped-speaking")
            assert (await client.ask("from-the-future"))["type"] == "error-response"
            assert "bot-started-speaking" not in client.types()

    async def test_the_bot_hangs_up(self, kind: str) -> None:
        async with runner(kind, bot="leaves:0.2") as r, witness(r.url) as client:
            await client.ready()
            endings = await client.ended()
            assert endings[0] == "peerLeft"
            assert "error" not in client.types()

    async def test_a_bot_that_crashes_at_start_looks_healthy(self, kind: str) -> None:
        async with runner(kind, bot="crash") as r, witness(r.url) as client:
            await client.connect()
            client.tell("client-ready", {"version": "2.2.0"})
            await gone(client)
            assert client.pc.connectionState == "connected"
            assert (client.frames, client.messages, client.endings) == (0, [], [])

    async def test_a_bot_that_is_never_ready(self, kind: str) -> None:
        async with runner(kind, bot="never-ready") as r, witness(r.url) as client:
            await client.connect()
            client.tell("client-ready", {"version": "2.2.0"})
            await client.until(lambda: client.frames > 50, "silence")
            assert client.messages == []
            assert await client.probe() == 200

    async def test_a_bot_without_a_voice(self, kind: str) -> None:
        async with runner(kind, bot="mute") as r, witness(r.url) as client:
            await client.ready()
            await client.turn(words(0.3))
            await client.got("user-stopped-speaking")
            assert client.frames == 0


class TestPings:
    async def test_without_pings_the_bot_falls_silent_and_deaf_to_messages(self, kind: str) -> None:
        async with runner(kind, bot="tone") as r, witness(r.url) as client:
            await client.ready()
            await client.until(lambda: level(client.heard()[-1600:]) > 3000, "the tone")
            client.stop_pings()
            stopped_s = time.monotonic()
            await client.until(lambda: level(client.heard()[-1600:]) < 10, "silence")
            assert 1.9 < time.monotonic() - stopped_s < 4.0
            frames = client.frames
            client.tell("from-the-future")
            await client.until(lambda: client.frames > frames + 25, "more silence")
            assert "error-response" not in client.types()

    async def test_a_bot_that_ends_meanwhile_is_not_told(self, kind: str) -> None:
        async with runner(kind, bot="leaves:3.5") as r, witness(r.url) as client:
            await client.ready()
            client.stop_pings()
            await gone(client)
            frames = client.frames
            await client.until(lambda: client.frames > frames + 25, "silence that goes on")
            assert client.endings == []

    async def test_a_client_that_never_pings_is_served(self, echo: Runner) -> None:
        said = words()
        async with witness(echo.url, pings=False) as client:
            await client.ready()
            await client.turn(said)
            await client.got("bot-stopped-speaking")
            assert share(client.heard(), said) > MOST


class TestResume:
    async def test_the_same_bot_goes_on_over_a_new_connection(self, echo: Runner) -> None:
        said = words()
        async with witness(echo.url) as old, witness(echo.url) as new:
            await old.ready()
            new.session = old.session
            await new.offer(resume=old.pc_id)
            await new.opened()
            assert new.pc_id != old.pc_id
            await old.until(lambda: "closed" in old.endings, "the old connection to close")
            assert "peerLeft" not in old.endings
            await new.until(lambda: new.frames > 10, "silence")
            await new.turn(said)
            await new.got("bot-stopped-speaking")
            assert find(new.heard(), said)[1] > WHOLE
            assert len(echo.sessions()) == 1
            assert await new.probe() == await old.probe() == 200


@pytest.mark.parametrize("kind", ["embedded-process", pytest.param("pipecat", marks=pytest.mark.runner)], indirect=True)
async def test_a_runner_that_is_killed_says_nothing(kind: str) -> None:
    async with runner(kind) as r, witness(r.url) as client:
        await client.ready()
        await client.until(lambda: client.frames > 10, "silence")
        r.kill()
        frames = client.frames + 25
        with pytest.raises(AssertionError):
            await client.until(lambda: client.frames > frames, "what must not come", deadline_s=1.0)
        assert client.pc.connectionState == "connected"
        assert client.endings == []


async def gone(client: Witness) -> None:
    """Wait until the runner has forgotten the session: the only sign that the bot has ended."""
    async with asyncio.timeout(10):
        while await client.probe() != 404:  # noqa: ASYNC110 - the runner has no way to tell us
            await asyncio.sleep(0.05)
