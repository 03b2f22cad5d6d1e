"""HTTP to the runner, against a server that does what it is told: good answers, and each bad one."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from appliance.errors import UnavailableError
from appliance.session.failure import Failure, Kind
from appliance.transport.replies import AttemptError
from appliance.transport.resolver import DaemonResolver
from appliance.transport.settings import IceServer, TransportSettings
from appliance.transport.signalling import BODY_BYTES_MAX, FALLBACK, Signalling
from appliance.transport.tools import make_tools
from tests.transport.certificates import Authority
from tests.transport.helpers import serve, settings

SDP = (
    "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 opus/48000/2\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
)
ANSWER = {"sdp": SDP, "type": "answer", "pc_id": "P#1"}


class Script:
    """Answers each path as told, and remembers what it was asked."""

    def __init__(self, **answers: web.Response) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any, Any]] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.raw_path, await request.json(), request.headers))
        for name, answer in self.answers.items():
            if request.path.endswith("/" + name):
                return web.Response(
                    status=answer.status, body=answer.body, headers=answer.headers
                )  # each is for one use
        return web.Response(status=404, text="nothing here")


@asynccontextmanager
async def signalling(of: TransportSettings, wall_s: float = 0.0) -> AsyncIterator[Signalling]:
    tools = make_tools(of)
    one = Signalling(of, resolver=tools.resolver, tls=tools.tls, wall=lambda: wall_s)
    try:
        yield one
    finally:
        await one.close()


async def test_a_bot_is_found_again_over_a_new_connection() -> None:
    """The one from before may lead over a network that is no more, and hang for minutes."""
    came_from: list[int] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        came_from.append(request.transport.get_extra_info("peername")[1])
        return web.json_response(ANSWER | {"sessionId": "s"})

    async with serve(answer) as url, signalling(settings(url)) as one:
        reply = await one.start()
        await one.offer(reply, SDP)
        await one.offer(reply, SDP, restart="P#1")
    start, offer, restart = came_from
    assert start == offer != restart


async def start_failure(url: str, **changes: Any) -> Failure:
    async with signalling(settings(url, **changes)) as one:
        with pytest.raises(AttemptError) as caught:
            await one.start()
    return caught.value.failure


async def test_start_and_offer() -> None:
    script = Script(start=web.json_response({"sessionId": "a b#c"}), offer=web.json_response(ANSWER))
    async with serve(script) as url, signalling(settings(url, request_data={"who": "me"})) as one:
        reply = await one.start()
        answer = await one.offer(reply, "our SDP")
    assert reply == {"sessionId": "a b#c"}
    assert (answer.sdp, answer.pc_id) == (SDP, "P#1")
    assert [(path, body) for path, body, _ in script.asked] == [
        ("/start", {"transport": "webrtc", "body": {"who": "me"}}),
        (
            "/sessions/a%20b%23c/api/offer",
            {"sdp": "our SDP", "type": "offer", "pc_id": None, "restart_pc": False},
        ),
    ]


async def test_key_headers_and_start_data_go_along() -> None:
    script = Script(start=web.json_response({"sessionId": "s"}), offer=web.json_response(ANSWER))
    changes = {"api_key": "pk_1", "headers": {"X-Site": "shop"}, "start_data": {"dailyRoom": 1, "body": "mine"}}
    async with serve(script) as url, signalling(settings(url, **changes)) as one:
        await one.offer(await one.start(), "our SDP")
    assert script.asked[0][1] == {"transport": "webrtc", "body": "mine", "dailyRoom": 1}
    for _, _, headers in script.asked:
        assert headers["Authorization"] == "Bearer pk_1"
        assert headers["X-Site"] == "shop"
        assert headers["Content-Type"] == "application/json"


async def test_one_connection_serves_the_attempt() -> None:
    ports: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername"))
        return web.json_response({"sessionId": "s"} if request.path == "/start" else ANSWER)

    async with serve(handler) as url, signalling(settings(url)) as one:
        await one.offer(await one.start(), "our SDP")
    assert len(ports) == 2
    assert ports[0] == ports[1]


class CountedNames(DaemonResolver):
    asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        return await super().resolve(host, port, family)


async def test_a_name_is_looked_up_anew_for_each_connection() -> None:
    async def handler(request: web.Request) -> web.Response:
        body = {"sessionId": "s"} if request.path == "/start" else ANSWER
        return web.json_response(body, headers={"Connection": "close"})

    names = CountedNames()
    async with serve(handler) as url:
        one = Signalling(settings(url), resolver=names)
        await one.offer(await one.start(), "our SDP")
        await one.close()
    assert names.asked == 2


@pytest.mark.parametrize("status", [404, 405])
async def test_an_older_runner_is_asked_at_the_bare_address(status: int) -> None:
    script = Script(start=web.Response(status=status), offer=web.json_response(ANSWER))
    async with serve(script) as url, signalling(settings(url, request_data={"who": "me"})) as one:
        reply = await one.start()
        await one.offer(reply, "our SDP")
    assert reply is FALLBACK
    assert script.asked[1][0] == "/api/offer"
    assert script.asked[1][1]["request_data"] == {"who": "me"}


async def test_a_full_start_address_is_taken_at_its_word() -> None:
    async with serve(Script(start=web.Response(status=404))) as url:
        failure = await start_failure(url + "/start")
    assert (failure.kind, failure.status) == (Kind.STATUS, 404)


async def test_direct_parameters() -> None:
    script = Script(offer=web.json_response(ANSWER), special=web.json_response(ANSWER))
    async with serve(script) as url:
        for changes in ({}, {"offer_url": url + "/special"}):
            async with signalling(settings(url, request_data={"who": "me"}, **changes)) as one:
                await one.offer(None, "our SDP")
    assert [path for path, _, _ in script.asked] == ["/api/offer", "/special"]
    assert all(body["request_data"] == {"who": "me"} for _, body, _ in script.asked)


@pytest.mark.parametrize("reply", [{"sessionid": "s"}, {"sessionId": "a/b"}, {"sessionId": None}])
async def test_parameters_by_hand_that_name_no_session(reply: dict[str, Any]) -> None:
    async with signalling(settings("http://127.0.0.1:9")) as one:
        with pytest.raises(AttemptError) as caught:
            await one.offer(reply, "our SDP")
    assert caught.value.failure.kind is Kind.NONSENSE
    assert "sessionId" in caught.value.failure.message


async def test_relays_are_asked_of_hosted_runners_only(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    script = Script(start=web.json_response({"sessionId": "s"}))
    own = (IceServer(urls=("stun:mine",)),)
    async with serve(script, authority.server("localhost")) as url:
        for path, servers in (("/start", ()), ("", ()), ("/start", own)):
            of = settings(url + path, ca_file=str(authority.path), ice_servers=servers)
            async with signalling(of) as one:
                await one.start()
    assert [body.get("enableDefaultIceServers") for _, body, _ in script.asked] == [True, None, None]


async def test_configured_ice_servers_win() -> None:
    reply = {"sessionId": "s", "iceConfig": {"iceServers": [{"urls": "turn:theirs", "username": "u"}]}}
    own = (IceServer(urls=("stun:mine",)),)
    async with signalling(settings("http://h")) as one:
        assert one.ice_servers(reply) == (IceServer(urls=("turn:theirs",), username="u"),)
        assert one.ice_servers(None) == ()
    async with signalling(settings("http://h", ice_servers=own)) as one:
        assert one.ice_servers(reply) == own


@pytest.mark.parametrize(
    ("response", "kind", "said"),
    [
        (web.Response(text="<html>Sign in</html>", content_type="text/html"), Kind.NONSENSE, "captive portal"),
        (web.json_response([]), Kind.NONSENSE, "a list"),
        (web.json_response(None), Kind.NONSENSE, "null"),
        (web.Response(status=204), Kind.NONSENSE, "nothing at all"),
        (web.json_response({"dailyRoom": "x"}), Kind.NONSENSE, "without sessionId"),
        (web.Response(body=b" " * (BODY_BYTES_MAX + 1)), Kind.NONSENSE, "more than 1 MiB"),
        (
            web.Response(status=307, headers={"Location": "http://else/start?k=1"}),
            Kind.REDIRECT,
            "to http://else/start;",
        ),
        (web.Response(status=302), Kind.REDIRECT, "to nowhere"),
        (web.json_response({"detail": "no bot"}, status=400), Kind.STATUS, "400: no bot; "),
        (web.Response(status=500, text="Internal Server Error"), Kind.STATUS, "500: Internal Server Error; "),
    ],
)
async def test_bad_answers(response: web.Response, kind: Kind, said: str) -> None:
    script = Script(start=response)
    async with serve(script) as url:
        failure = await start_failure(url)
    assert failure.kind is kind
    assert failure.message.startswith(url + "/start ")
    assert said in failure.message
    assert len(script.asked) == 1


async def test_a_wrong_content_type_is_forgiven() -> None:
    page = web.Response(text=json.dumps({"sessionId": "s"}), content_type="text/html")
    async with serve(Script(start=page)) as url, signalling(settings(url)) as one:
        assert await one.start() == {"sessionId": "s"}


async def test_retry_after_is_kept() -> None:
    for header, wait_s in (("7", 7), ("Sun, 06 Nov 1994 08:49:37 GMT", 37)):
        headers = {"Retry-After": header, "Date": "Sun, 06 Nov 1994 08:49:00 GMT"}
        full = web.json_response({"error": "at capacity"}, status=429, headers=headers)
        async with serve(Script(start=full)) as url, signalling(settings(url), wall_s=0.0) as one:
            with pytest.raises(AttemptError) as caught:
                await one.start()
        assert caught.value.failure.retry_after_s == wait_s
        assert caught.value.failure.status == 429


async def test_the_key_is_never_repeated() -> None:
    response = web.json_response({"error": "bad key pk_secret"}, status=401)
    async with serve(Script(start=response)) as url:
        failure = await start_failure(url, api_key="pk_secret")
    assert "401: bad key ***; check [runner] api_key" in failure.message
    assert "pk_secret" not in repr(settings(url, api_key="pk_secret", headers={"X": "pk_secret"}))


async def test_a_request_that_hangs_ends_with_its_cancelling() -> None:
    asked, given_up = asyncio.Event(), asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        raise AssertionError

    async with serve(handler) as url, signalling(settings(url)) as one:
        task = asyncio.create_task(one.start())
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(given_up.wait(), 5)


async def test_nobody_listens() -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{placeholder.getsockname()[1]}"
        failure = await start_failure(url)
    assert failure.kind is Kind.UNREACHABLE
    assert failure.message == (
        f"cannot reach {url}/start: connection refused; is the runner running, and is [runner] url right?"
    )


async def test_a_name_that_does_not_resolve() -> None:
    failure = await start_failure("http://no-such-runner.invalid:7860")
    assert failure.kind in (Kind.UNREACHABLE, Kind.NETWORK)  # as this machine has somebody to ask for names, or not
    assert "the name 'no-such-runner.invalid' does not resolve; check [runner] url" in failure.message


@pytest.mark.parametrize("url", ["http://127.1:9", "http://" + "x" * 64 + ".invalid", "http://a..b"])
async def test_a_name_that_is_none(url: str) -> None:
    failure = await start_failure(url)
    assert failure.kind is Kind.UNREACHABLE
    assert "[runner] url" in failure.message


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"])
async def test_a_server_that_is_none(said: bytes) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        failure = await start_failure(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert failure.kind is (Kind.NONSENSE if said.startswith(b"SSH") else Kind.UNREACHABLE)


async def test_tls_with_one_who_speaks_none() -> None:
    async with serve(Script()) as url:
        failure = await start_failure(url.replace("http:", "https:"))
    assert failure.kind is Kind.UNREACHABLE
    assert "does it speak https?" in failure.message


async def test_a_private_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    script = Script(start=web.json_response({"sessionId": "s"}))
    async with (
        serve(script, authority.server("localhost")) as url,
        signalling(settings(url, ca_file=str(authority.path))) as one,
    ):
        assert await one.start() == {"sessionId": "s"}


@pytest.mark.parametrize(
    ("host", "days", "trusted", "said"),
    [
        ("localhost", (-1, 1), False, "name the authority that signed it in [runner] ca_file"),
        ("localhost", (-9, -1), True, "has expired"),
        ("localhost", (1, 9), True, "this machine's clock says 01 January 1970: it has not been set yet"),
        ("elsewhere", (-1, 1), True, "is for another name"),
    ],
)
async def test_certificates_not_to_be_trusted(
    tmp_path: Path, host: str, days: tuple[int, int], trusted: bool, said: str
) -> None:
    authority = Authority(tmp_path)
    script = Script(start=web.json_response({"sessionId": "s"}))
    async with serve(script, authority.server(host, days)) as url:
        failure = await start_failure_at_epoch(url, str(authority.path) if trusted else "")
    assert failure.kind is (Kind.CLOCK if "clock says" in said else Kind.CERTIFICATE)
    assert said in failure.message
    assert script.asked == []


async def start_failure_at_epoch(url: str, ca_file: str) -> Failure:
    async with signalling(settings(url, ca_file=ca_file), wall_s=0.0) as one:
        with pytest.raises(AttemptError) as caught:
            await one.start()
    return caught.value.failure


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_used(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UnavailableError, match="cannot use \\[runner\\] ca_file"):
        make_tools(settings("https://h", ca_file=str(path)))
