"""A runner's HTTP and messages, the embedded one and the real one held against the same raw expectations."""

from __future__ import annotations

import re

import aiohttp
import pytest

from tests.runners import Runner, runner
from tests.signals import level
from tests.witness import witness

NO_PEER = '{"pc_id": "x", "candidates": []}'
NOTHING = ("no json", "[]", "null", '{"label": "other", "type": "x", "id": "1"}', '{"label": "rtvi-ai"}')
"""Messages that a runner only writes to its log."""


async def raw(url: str, method: str, path: str, text: str | None) -> tuple[int, str]:
    headers = {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, url + path, data=text, headers=headers, allow_redirects=False) as reply,
    ):
        return reply.status, await reply.text()


class TestHttp:
    @pytest.mark.parametrize("body", [None, "{}", "no json", '{"transport": null}', '{"transport": "webrtc", "x": 1}'])
    async def test_start_is_lenient(self, echo: Runner, body: str | None) -> None:
        status, text = await raw(echo.url, "POST", "/start", body)
        assert status == 200
        assert re.fullmatch(r'\{"sessionId": ?"[0-9a-f-]{36}"\}', text)

    @pytest.mark.parametrize(
        ("method", "path", "body", "expected"),
        [
            ("GET", "/status", None, (200, '{"status":"ready","transports":["webrtc"]}')),
            ("POST", "/start", "[]", (500, "Internal Server Error")),
            ("POST", "/start", "null", (500, "Internal Server Error")),
            (
                "POST",
                "/start",
                '{"transport": "daily"}',
                (
                    400,
                    '{"detail":"Transport \'daily\' is not allowed. '
                    "Server is configured for 'webrtc' only (-t webrtc).\"}",
                ),
            ),
            ("GET", "/start", None, (405, '{"detail":"Method Not Allowed"}')),
            ("GET", "/nowhere", None, (404, '{"detail":"Not Found"}')),
            ("POST", "/sessions/nobody/api/offer", "{}", (404, "Invalid or not-yet-ready session_id")),
            ("PATCH", "/sessions/nobody/api/offer", "{}", (404, "Invalid or not-yet-ready session_id")),
            ("GET", "/sessions/nobody/x", None, (404, "Invalid or not-yet-ready session_id")),
            (
                "PATCH",
                "/api/offer",
                '{"pc_id": "x", "candidates": []}',
                (404, '{"detail":"Peer connection not found"}'),
            ),
            ("POST", "/api/offer", '{"sdp": "", "type": "nonsense"}', (500, "Internal Server Error")),
        ],
    )
    async def test_texts(
        self, echo: Runner, method: str, path: str, body: str | None, expected: tuple[int, str]
    ) -> None:
        status, text = await raw(echo.url, method, path, body)
        assert (status, text.replace('": ', '":').replace(", ", ",")) == (expected[0], expected[1].replace(", ", ","))

    async def test_missing_fields_of_a_bare_offer(self, echo: Runner) -> None:
        async with witness(echo.url) as client:
            status, reply = await client.post("/api/offer", {"type": "offer"})
            assert status == 422
            assert isinstance(reply, dict)
            assert [(e["type"], e["loc"]) for e in reply["detail"]] == [("missing", ["body", "sdp"])]
            status, reply = await client.post("/api/offer", [])
            assert status == 422

    async def test_every_fault_of_a_session_offer_is_one_text(self, echo: Runner) -> None:
        async with witness(echo.url) as client:
            await client.start()
            path = f"/sessions/{client.session}/api/offer"
            bad = (400, "Invalid WebRTC request")
            assert await client.post(path, {"type": "offer"}) == bad
            assert await client.post(path, []) == bad
            assert await client.post(path, {"sdp": "v=0", "type": "nonsense"}) == bad
            assert await client.post(path, {"pc_id": "x", "candidates": []}, "PATCH") == bad
            assert await raw(echo.url, "POST", path, "no json") == bad
            assert await raw(echo.url, "GET", f"/sessions/{client.session}/x", None) == (200, "")

    async def test_the_answer_is_complete(self, echo: Runner) -> None:
        async with witness(echo.url) as client:
            await client.start()
            answer = await client.offer()
        assert set(answer) == {"sdp", "type", "pc_id"}
        assert answer["type"] == "answer"
        assert re.fullmatch(r"SmallWebRTCConnection#\d+-[0-9a-f]{32}", str(answer["pc_id"]))
        sdp = str(answer["sdp"])
        for line in ("a=rtpmap:96 opus/48000/2", "a=end-of-candidates", "a=setup:active", "a=max-message-size:262144"):
            assert line in sdp
        assert "typ host" in sdp
        assert "a=fmtp:96" not in sdp

    async def test_an_offer_without_a_session(self, echo: Runner) -> None:
        async with witness(echo.url) as client:
            await client.offer("/api/offer")
            await client.opened()
            assert (await client.ask("client-ready", {"version": "2.2.0"}))["type"] == "bot-ready"

    async def test_an_offer_without_media_is_answered(self, echo: Runner) -> None:
        async with witness(echo.url) as client:
            await client.start()
            offer = {"sdp": "junk", "type": "offer"}
            status, answer = await client.post(f"/sessions/{client.session}/api/offer", offer)
        assert status == 200
        assert isinstance(answer, dict)
        assert "m=audio" not in answer["sdp"]


class TestMessages:
    @pytest.mark.parametrize(
        ("asked", "types", "version"),
        [
            ("2.2.0", ["bot-ready"], "2.2.0"),
            ("2.0.0", ["bot-ready"], "2.2.0"),
            ("1.1.0", ["bot-ready"], "1.1.0"),
            ("0.3.0", ["error-response", "bot-ready"], "2.2.0"),
            ("3.0.0", ["error-response", "bot-ready"], "2.2.0"),
            ("abc", ["error-response", "bot-ready"], "2.2.0"),
            (None, ["error-response", "bot-ready"], "2.2.0"),
        ],
    )
    async def test_versions(self, echo: Runner, asked: str | None, types: list[str], version: str) -> None:
        async with witness(echo.url) as client:
            await client.connect()
            id_ = client.tell("client-ready", {} if asked is None else {"version": asked})
            ready = await client.got("bot-ready")
            assert client.types() == types
            assert all(message["id"] == id_ for message in client.messages)
            data = ready["data"]
            assert isinstance(data, dict)
            assert data["version"] == version
            assert isinstance(data["about"]["library"], str)
            assert data["capabilities"]["audio_in"] is True
            if types[0] == "error-response":
                assert "Compatibility issues may occur." in str(client.messages[0]["data"])

    async def test_what_is_wrong_is_answered_and_harms_nothing(self, echo: Runner) -> None:
        async with witness(echo.url) as client:
            await client.ready()
            for nothing in (
                "no json",
                "[]",
                "null",
                '{"label": "other", "type": "x", "id": "1"}',
                '{"label": "rtvi-ai"}',
            ):
                client.send(nothing)
            client.send(
                {"type": "signalling", "message": {"type": "trackStatus", "receiver_index": 0, "enabled": True}}
            )
            unknown = await client.ask("from-the-future")
            assert unknown["type"] == "error-response"
            assert unknown["data"] == {"error": "Unsupported type from-the-future"}
            wrong = await client.ask("client-message", {"d": 1})
            assert wrong["type"] == "error-response"
            assert isinstance(wrong["data"], dict)
            assert wrong["data"]["error"].startswith("Invalid message: ")
            client.send({"label": "rtvi-ai", "type": "client-ready", "data": {"version": "2.2.0"}})
            error = await client.got("error")
            assert "id" not in error
            data = error["data"]
            assert isinstance(data, dict)
            assert data["fatal"] is False
            assert data["error"].startswith("Invalid RTVI transport message: ")
            assert client.types() == ["bot-ready", "error-response", "error-response", "error"]

    async def test_every_client_ready_is_answered(self, kind: str) -> None:
        async with runner(kind, bot="greeting") as r, witness(r.url) as client:
            await client.ready()
            await client.got("bot-stopped-speaking")
            await client.ask("client-ready", {"version": "2.2.0"})
            await client.until(lambda: client.types().count("bot-stopped-speaking") == 2, "the second greeting")
            assert level(client.heard()) > 500
