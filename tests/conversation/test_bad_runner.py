"""The whole appliance with a runner that is no use: one clear line, the right patience, nothing left, startable."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from appliance.session.events import ClockStepped
from tests.box import box, settings
from tests.conversation.failing import GIVEN_UP, LONG_S, RETRYING, SHORT, at, failed, recovers
from tests.correlate import MOST, find, share
from tests.runners import free_port, runner
from tests.signals import WHOLE, words
from tests.transport.certificates import Authority
from tests.transport.helpers import Handler, serve

REFUSALS = {
    400: "check [runner] transport",
    401: "check [runner] api_key",
    403: "check [runner] api_key",
    404: "check [runner] url",
    413: "make [runner] request_data smaller",
    422: "check [runner] request_data",
}


async def bad_then_good(
    caplog: pytest.LogCaptureFixture, folder: Path, bot: str, phase: str, *telling: str, **changes: Any
) -> str:
    port = free_port()
    chosen = settings(f"http://127.0.0.1:{port}", folder, first_wait_s=LONG_S, **(SHORT | changes))
    async with box(chosen) as b:
        async with at(port, bot):
            line = await failed(b, caplog, phase, *telling)
        async with at(port, "echo"):
            await recovers(b)
    return line


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize(("bot", "path"), [("refuses", "/start"), ("refuses-offer", "/api/offer")])
async def test_a_refusal_is_not_hammered(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, bot: str, path: str, status: int
) -> None:
    # A runner without /start answers 404 and is asked at the bare address, unless [runner] url names the start address.
    port = free_port()
    url = f"http://127.0.0.1:{port}/start"
    async with box(settings(url, tmp_path)) as b:
        async with at(port, f"{bot}:{status}") as refusing:
            told = (f"127.0.0.1:{port}", f"{path} answered {status}", f"refused with {status}", REFUSALS[status])
            await failed(b, caplog, GIVEN_UP, *told)
            assert refusing.seen.offers == (bot == "refuses-offer")
        async with at(port, "echo"):
            await recovers(b)


@pytest.mark.parametrize("bot", ["refuses", "refuses-offer"])
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_honoured(caplog: pytest.LogCaptureFixture, tmp_path: Path, bot: str, status: int) -> None:
    port = free_port()
    chosen = settings(f"http://127.0.0.1:{port}", tmp_path)
    async with box(chosen) as b:
        async with at(port, f"{bot}:{status},90"):
            await failed(b, caplog, RETRYING, f"answered {status}", "the runner")
            assert 85 < b.status["recovery"]["retry_in_s"] <= 90
        async with at(port, "echo"):
            await recovers(b)


RETRIED = {
    "refuses:500": ("/start answered 500", "look at the runner's log"),
    "refuses-offer:500": ("/api/offer answered 500", "look at the runner's log"),
    "hangs": ("did not answer the start request within 0.3 s", "the runner", "[session] start_timeout_s"),
    "hangs-offer": ("did not answer the offer within 0.3 s", "the runner", "[session] offer_timeout_s"),
    "crash": ("the bot was not ready within 0.3 s", "the runner's log"),
    "never-ready": ("the bot was not ready within 0.3 s", "the runner's log"),
    "nonsense:html": ("/start answered with a web page", "captive portal", "[runner] url"),
    "nonsense:list": ("/start answered a list", "is a Pipecat runner there?"),
    "nonsense:null": ("/start answered null", "is a Pipecat runner there?"),
    "nonsense:empty-sdp": ("/api/offer answered an empty SDP", "look at the runner's log"),
    "nonsense:no-audio": ("/api/offer answered an SDP without audio", "look at the runner's log"),
    "nonsense:redirect": ("/start points elsewhere, to http://127.0.0.1:9/start", "name it in [runner] url"),
}


@pytest.mark.parametrize("bot", RETRIED)
async def test_what_time_may_cure_is_tried_again(caplog: pytest.LogCaptureFixture, tmp_path: Path, bot: str) -> None:
    await bad_then_good(caplog, tmp_path, bot, RETRYING, *RETRIED[bot])


async def test_a_wrong_session_id(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """The runner names one that it does not know itself: to us that is a refusal like any other."""
    told = ("/api/offer answered 404", "not-yet-ready session_id", "check [runner] url")
    await bad_then_good(caplog, tmp_path, "nonsense:wrong-session", GIVEN_UP, *told)


async def test_the_wait_over_it_dials_by_itself(tmp_path: Path) -> None:
    port = free_port()
    async with box(settings(f"http://127.0.0.1:{port}", tmp_path)) as b:
        async with at(port, "nonsense:html"):
            b.tap("session")
            assert (await b.until(type="recovery"))["phase"] == RETRYING
            await b.state("authenticating")
        async with at(port, "echo"):
            await b.ready()
        assert b.status["counters"]["reconnects"] == 1


# --- servers that are no runner


async def _no_session_id(_: web.Request) -> web.Response:
    return web.json_response({"dailyRoom": "https://x.daily.co/y", "dailyToken": "t"})


async def _session_id_that_is_none(_: web.Request) -> web.Response:
    return web.json_response({"sessionId": {"a": 1}})


async def _too_much(_: web.Request) -> web.Response:
    return web.Response(text="x" * 1_100_000)


async def _pages_of_reasons(_: web.Request) -> web.Response:
    detail = [{"loc": ["body", "x"], "msg": f"{n} " + "is not a valid value " * 40} for n in range(50)]
    return web.json_response({"detail": detail}, status=500)


async def _no_answer(request: web.Request) -> web.Response:
    return web.json_response({"sessionId": "s"} if request.path == "/start" else {"sdp": "v=0", "type": "offer"})


async def _hangs_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _an_answer_of_nobody(request: web.Request) -> web.Response:
    """A whole answer, and nobody behind its addresses: as with a firewall that lets no UDP pass."""
    if request.path == "/start":
        return web.json_response({"sessionId": "s"})
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    await peer.setRemoteDescription(RTCSessionDescription(sdp=(await request.json())["sdp"], type="offer"))
    await peer.setLocalDescription(await peer.createAnswer())
    sdp = peer.localDescription.sdp
    await peer.close()
    return web.json_response({"sdp": sdp, "type": "answer", "pc_id": "P"})


NO_RUNNERS: list[tuple[Handler, tuple[str, ...]]] = [
    (_no_session_id, ("/start answered an object without sessionId", "-t webrtc")),
    (_session_id_that_is_none, ("/start answered a sessionId that cannot be one", "is a Pipecat runner there?")),
    (_too_much, ("/start answered", "is a Pipecat runner there?")),
    (_pages_of_reasons, ("/start answered 500", "0 is not a valid value", "look at the runner's log")),
    (_no_answer, ("/api/offer answered an object that is no answer", "is a Pipecat runner there?")),
    (_hangs_up, ("/start closed the connection", "did the runner end?")),
    (_an_answer_of_nobody, ("no connection to the bot within 0.5 s", "UDP", "[runner] ice_servers")),
]


@pytest.mark.parametrize(("handler", "telling"), NO_RUNNERS, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_server_that_is_no_runner(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, handler: Handler, telling: tuple[str, ...]
) -> None:
    port = free_port()
    async with box(settings(f"http://127.0.0.1:{port}", tmp_path, first_wait_s=LONG_S, **SHORT)) as b:
        async with serve(handler, port=port):
            await failed(b, caplog, RETRYING, *telling)
        async with at(port, "echo"):
            await recovers(b)


async def test_nobody_listens(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    port = free_port()
    async with box(settings(f"http://127.0.0.1:{port}", tmp_path, first_wait_s=LONG_S)) as b:
        told = (f"cannot reach http://127.0.0.1:{port}/start", "connection refused", "is the runner running")
        await failed(b, caplog, RETRYING, *told)
        async with at(port, "echo"):
            await recovers(b)


async def test_a_name_that_does_not_resolve(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = socket.getaddrinfo
    known: dict[str, str] = {}

    def names(host: str, *args: Any, **kwargs: Any) -> Any:
        if host == "nowhere.invalid" and host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(known.get(host, host), *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", names)
    port = free_port()
    async with box(settings(f"http://nowhere.invalid:{port}", tmp_path, first_wait_s=LONG_S)) as b:
        told = ("the name 'nowhere.invalid' does not resolve", "check [runner] url", "a network")
        await failed(b, caplog, RETRYING, *told)
        known["nowhere.invalid"] = "127.0.0.1"
        async with at(port, "echo"):
            await recovers(b)


# --- certificates


@asynccontextmanager
async def over_tls(port: int, authority: Authority, days: tuple[int, int] = (-1, 1)) -> AsyncIterator[None]:
    """An echo runner behind TLS, as behind a proxy, with a certificate of *authority*, valid for *days* from now."""
    async with runner() as inner, aiohttp.ClientSession() as client:

        async def forward(request: web.Request) -> web.Response:
            async with client.request(request.method, inner.url + request.path, data=await request.read()) as answer:
                return web.Response(body=await answer.read(), status=answer.status, content_type=answer.content_type)

        async with serve(forward, authority.server("localhost", days), port=port):
            yield


def authority(folder: Path) -> Authority:
    folder.mkdir()
    return Authority(folder)


async def test_a_certificate_that_nobody_vouches_for(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """And what the line says to do is what cures it."""
    ours, port = authority(tmp_path / "ours"), free_port()
    url = f"https://localhost:{port}"
    async with over_tls(port, ours):
        async with box(settings(url, tmp_path)) as b:
            told = (f"the certificate of {url}/start is not trusted", "in [runner] ca_file")
            await failed(b, caplog, GIVEN_UP, *told)
        async with box(settings(url, tmp_path, ca_file=str(ours.path))) as b:
            await recovers(b)


async def test_a_certificate_of_another_authority(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    ours, theirs, port = authority(tmp_path / "ours"), authority(tmp_path / "theirs"), free_port()
    async with box(settings(f"https://localhost:{port}", tmp_path, ca_file=str(ours.path))) as b:
        async with over_tls(port, theirs):
            await failed(b, caplog, GIVEN_UP, "is not trusted", "[runner] ca_file")
        async with over_tls(port, ours):
            await recovers(b)


async def test_a_certificate_from_the_future_waits_for_the_clock(tmp_path: Path) -> None:
    """A board without a battery boots in the past. Here the certificate changes instead of the clock."""
    ours, port = authority(tmp_path / "ours"), free_port()
    chosen = settings(f"https://localhost:{port}", tmp_path, ca_file=str(ours.path), first_wait_s=LONG_S)
    async with box(chosen) as b:
        async with over_tls(port, ours, (1, 2)):
            b.tap("session")
            recovery = await b.until(type="recovery")
            assert (recovery["phase"], recovery["waiting_for"]) == ("waiting", "clock")
            assert "is not yet valid; this machine's clock says" in recovery["reason"]
            assert "is that right?" in recovery["reason"]
            assert b.status["light"]["meaning"] == "waiting"
        async with over_tls(port, ours):
            b.appliance.post(ClockStepped())
            await b.ready()
        assert b.status["counters"]["reconnects"] == 1


async def test_a_certificate_that_has_expired_is_a_refusal(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    ours, port = authority(tmp_path / "ours"), free_port()
    async with box(settings(f"https://localhost:{port}", tmp_path, ca_file=str(ours.path))) as b:
        async with over_tls(port, ours, (-2, -1)):
            await failed(b, caplog, GIVEN_UP, "has expired", "renew it there")
        async with over_tls(port, ours):
            await recovers(b)


# --- a bot that talks nonsense


async def test_bad_messages_do_no_harm(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    said = words(0.6)
    async with runner(bot="nonsense:bad-rtvi") as r, box(settings(r.url, tmp_path, said)) as b:
        await b.say(0.6)
        await b.answer()
        assert share(b.heard(), said) > MOST
        assert find(r.heard(), said)[1] > WHOLE
        assert b.status["state"] == "ready" and b.status["recovery"]["phase"] == "none"
        assert not [error for error in b.events if error["type"] == "error" and error["fatal"]]
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


# --- keys


@pytest.mark.parametrize("status", [401, 503])
async def test_a_held_press_and_a_start_that_fails(tmp_path: Path, status: int) -> None:
    """The microphone stays open for a runner that may come, and closes when it is given up, whatever is held."""
    port = free_port()
    chosen = settings(f"http://127.0.0.1:{port}", tmp_path, first_wait_s=LONG_S)
    async with box(chosen) as b, at(port, f"refuses:{status}"):
        b.press()
        phase = (await b.until(type="recovery"))["phase"]
        if status == 503:
            assert (phase, b.status["talk"]["held"]) == (RETRYING, True)
            while b.status["light"]["meaning"] != "listening":
                await b.until(type="light")
            b.release()
        await b.until(type="device", device="microphone", state="closed")
        assert b.status["talk"]["microphone"] == "closed"
        assert b.status["light"]["meaning"] in ((RETRYING,) if status == 503 else (GIVEN_UP, "lost"))


async def test_a_stop_ends_the_wish_and_the_failure(tmp_path: Path) -> None:
    async with box(settings(f"http://127.0.0.1:{free_port()}", tmp_path, first_wait_s=LONG_S)) as b:
        b.tap("session")
        await b.until(type="error")
        b.tap("session")
        status = b.status
        assert (status["recovery"]["phase"], status["recovery"]["reason"]) == ("none", None)
        assert (status["wanted"], status["light"]["meaning"]) == (False, "idle")
        assert b.told("state", "state").count("authenticating") == 1
