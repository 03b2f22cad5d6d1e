"""The runner's faults, bounds and end, over its own HTTP and wire."""

from __future__ import annotations

import asyncio
import json
import socket
import threading

import aiohttp
import pytest

from appliance.errors import ApplianceError
from appliance.runner import bots, peer, sessions
from appliance.runner.messages import MESSAGE_MAX
from appliance.runner.server import BODY_BYTES_MAX, EmbeddedRunner
from tests.correlate import find
from tests.runners import Embedded, runner
from tests.signals import WHOLE, words
from tests.witness import witness


def own_tasks() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {t for t in [asyncio.current_task()] if t}


async def test_nothing_is_left_when_it_stops() -> None:
    threads = set(threading.enumerate())
    embedded = EmbeddedRunner()
    url = await embedded.start()
    async with witness(url) as client, witness(url) as half, witness(url) as offered:
        await client.ready()
        await half.start()
        await offered.start()
        await offered.offer()
        await embedded.stop()
        await embedded.stop()
        assert (await client.ended())[0] == "peerLeft"
        assert embedded.seen.bots_running == 0
    if own_tasks():
        await asyncio.wait(own_tasks(), timeout=1)  # a last tick of aioice
    assert own_tasks() == set()
    assert {t for t in threading.enumerate() if not t.name.startswith("asyncio_")} == threads
    with pytest.raises(aiohttp.ClientConnectionError):
        async with aiohttp.ClientSession() as http, http.get(url + "/status"):
            pass


async def test_it_counts_what_it_sees() -> None:
    async with runner(bot="echo") as r, witness(r.url) as client:
        assert isinstance(r, Embedded)
        async with aiohttp.ClientSession() as http:
            body = {"transport": "webrtc", "body": {"who": "me"}, "extra": 1}
            async with http.post(r.url + "/start", json=body, headers={"X-Mine": "yes"}) as reply:
                client.session = (await reply.json())["sessionId"]
        seen = r.inner.seen
        assert (seen.starts, seen.offers, seen.body, seen.headers["X-Mine"]) == (1, 0, body, "yes")
        await client.offer()
        await client.opened()
        client.send("no json")
        client.send(json.dumps({"type": "x", "filler": "x" * MESSAGE_MAX}))
        await client.ask("client-ready", {"version": "2.2.0"})
        assert (seen.offers, seen.bots_started, seen.bots_running, seen.malformed) == (1, 1, 1, 2)
        assert seen.request_data == {"who": "me"}


@pytest.mark.parametrize(
    ("field", "value", "handed"), [("request_data", 1, 1), ("requestData", 2, 2), ("other", 3, {"from": "start"})]
)
async def test_what_the_bot_is_handed(field: str, value: int, handed: object) -> None:
    async with runner() as r, witness(r.url) as client:
        assert isinstance(r, Embedded)
        await client.start({"from": "start"})
        await client.post(f"/sessions/{client.session}/api/offer", {"sdp": "v=0", "type": "offer", field: value})
        assert r.inner.seen.request_data == handed


@pytest.mark.parametrize(
    ("bot", "status", "reply"),
    [
        ("refuses:401", 401, {"detail": "refused with 401"}),
        ("nonsense:list", 200, []),
        ("nonsense:null", 200, None),
        ("nonsense:redirect", 307, ""),
    ],
)
async def test_a_start_that_goes_wrong(bot: str, status: int, reply: object) -> None:
    async with runner(bot=bot) as r, witness(r.url) as client:
        assert await client.post("/start", {}) == (status, reply)


async def test_a_start_that_answers_a_page() -> None:
    async with runner(bot="nonsense:html") as r, witness(r.url) as client:
        status, reply = await client.post("/start", {})
        assert (status, str(reply)[:15]) == (200, "<!DOCTYPE html>")


async def test_a_refusal_says_when_to_come_back() -> None:
    async with runner(bot="refuses:429,7") as r, aiohttp.ClientSession() as http, http.post(r.url + "/start") as reply:
        assert (reply.status, reply.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(
    ("bot", "status", "holds"),
    [
        ("refuses-offer:500", 500, "refused with 500"),
        ("nonsense:empty-sdp", 200, "'sdp': ''"),
        ("nonsense:no-audio", 200, "v=0"),
        ("nonsense:wrong-session", 404, "Invalid or not-yet-ready session_id"),
    ],
)
async def test_an_offer_that_goes_wrong(bot: str, status: int, holds: str) -> None:
    async with runner(bot=bot) as r, witness(r.url) as client:
        await client.start()
        got, reply = await client.post(f"/sessions/{client.session}/api/offer", {"sdp": "v=0", "type": "offer"})
        assert got == status
        assert holds in str(reply)
        assert "m=audio" not in str(reply)


@pytest.mark.parametrize("bot", ["hangs", "hangs-offer"])
async def test_what_hangs_ends_with_the_runner(bot: str) -> None:
    embedded = EmbeddedRunner(bot=bot)
    url = await embedded.start()
    async with aiohttp.ClientSession() as http:
        path = "/start" if bot == "hangs" else "/api/offer"
        asked = asyncio.ensure_future(http.post(url + path, json={"sdp": "v=0", "type": "offer"}))
        done, _ = await asyncio.wait({asked}, timeout=0.2)
        assert not done
        async with asyncio.timeout(3):
            await embedded.stop()
        await asyncio.wait({asked}, timeout=3)
        assert asked.done()
        if not asked.exception():
            asked.result().close()


async def test_a_body_that_is_too_large() -> None:
    async with runner() as r, witness(r.url) as client:
        status, _ = await client.post("/start", {"body": "x" * BODY_BYTES_MAX})
        assert status == 413
        await client.start()
        status, _ = await client.post(f"/sessions/{client.session}/api/offer", {"sdp": "x" * BODY_BYTES_MAX})
        assert status == 413


async def test_sessions_that_were_never_offered_on_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "SESSIONS_MAX", 3)
    async with runner() as r, witness(r.url) as client:
        await client.ready()
        started = [await client.post("/start", {}) for _ in range(5)]
        alive = [(await client.post(f"/sessions/{reply['sessionId']}/x", {}))[0] for _, reply in started]  # type: ignore[index]
        assert alive == [404, 404, 404, 200, 200]
        assert await client.probe() == 200


async def test_bots_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "BOTS_MAX", 1)
    async with runner() as r, witness(r.url) as client:
        await client.ready()
        assert (await client.post("/start", {}))[0] == 429


async def test_babble_changes_nothing() -> None:
    said = words()
    async with runner(bot="nonsense:bad-rtvi") as r, witness(r.url) as client:
        ready = await client.ready()
        assert ready["type"] == "bot-ready"
        await client.turn(said)
        await client.got("bot-stopped-speaking")
        assert find(client.heard(), said)[1] > WHOLE
        assert max(len(text) for text in client.raw) > 200_000
        assert "" in client.raw
        assert b"\x00\xff\xfe" in client.raw


async def test_without_messages_a_turn_ends_in_quiet() -> None:
    said = words()
    async with runner() as r, witness(r.url) as client:
        await client.ready()
        client.speech.say(said)
        await client.got("bot-stopped-speaking")
        heard = client.heard()
        start, score = find(heard, said)
        assert score > WHOLE
        assert find(heard[start : start + 1600], said[:800])[1] > WHOLE
        assert client.types().count("user-started-speaking") == 1


async def test_a_client_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "CONNECTING_LIMIT_S", 0.3)
    async with runner() as r, witness(r.url) as client, witness(r.url) as absent:
        assert isinstance(r, Embedded)
        await client.start()
        await absent.pc.setLocalDescription(await absent.pc.createOffer())
        offer = {"sdp": absent.pc.localDescription.sdp, "type": "offer"}
        await absent.pc.close()
        status, _ = await client.post(f"/sessions/{client.session}/api/offer", offer)
        assert status == 200
        assert r.inner.seen.bots_running == 1
        async with asyncio.timeout(5):
            while r.inner.seen.bots_running:  # noqa: ASYNC110 - nothing is told to anybody, which is the point
                await asyncio.sleep(0.02)


async def test_a_bot_that_nobody_talks_to_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots, "IDLE_S", 0.5)
    async with runner() as r, witness(r.url) as client:
        await client.ready()
        assert (await client.ended())[0] == "peerLeft"


async def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ApplianceError) as caught:
            await EmbeddedRunner(port=port).start()
    what = f"cannot listen on 127.0.0.1 port {port}: address already in use"
    assert str(caught.value) == f"{what}; check --host, or choose another --port (0: any)"
