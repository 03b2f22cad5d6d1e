"""What the runner's HTTP answers mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.session.failure import Kind, Remedy, remedy
from appliance.transport import replies
from appliance.transport.replies import Answered, AttemptError
from appliance.transport.sdp import opus_payload_type, sdp_problem
from appliance.transport.settings import IceServer

URL = "http://h/start"
AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n"
CHANNEL = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
SDP = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\n" + AUDIO + CHANNEL


def answered(body: bytes | object, status: int = 200, **more: str) -> Answered:
    return Answered(url=URL, status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode(), **more)


def test_started() -> None:
    reply: dict[str, Any] = {"sessionId": "s", "iceConfig": {}, "fileUploadUrl": "/sessions/s/files", "new": None}
    assert replies.started(answered(reply)) == reply


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "nothing at all"),
        (b"  \n", "nothing at all"),
        (b"<!DOCTYPE html><title>Sign in</title>", "captive portal"),
        (b"  <html>", "captive portal"),
        (b"OK", "no JSON"),
        (b"\xff\xfe\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        ([], "a list"),
        (None, "null"),
        ("text", "a text"),
        (7, "a number"),
        (True, "true or false"),
        ({}, "without sessionId"),
        ({"dailyRoom": "https://x"}, "-t webrtc"),
        ({"sessionId": None}, "a sessionId that cannot be one"),
        ({"sessionId": "../x"}, "a sessionId that cannot be one"),
    ],
)
def test_nonsense_instead_of_a_start_reply(body: object, said: str) -> None:
    with pytest.raises(AttemptError) as caught:
        replies.started(answered(body))
    failure = caught.value.failure
    assert failure.kind is Kind.NONSENSE
    assert failure.message.startswith(URL)
    assert said in failure.message
    assert "\n" not in failure.message


def test_answer() -> None:
    answer = replies.answer(answered({"sdp": SDP, "type": "answer", "pc_id": "P#1"}))
    assert (answer.sdp, answer.pc_id) == (SDP, "P#1")
    assert replies.answer(answered({"sdp": SDP, "type": "answer"})).pc_id == ""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "nothing at all"),
        ([], "a list"),
        ({}, "no answer"),
        ({"sdp": SDP}, "no answer"),
        ({"sdp": SDP, "type": "offer"}, "no answer"),
        ({"sdp": None, "type": "answer"}, "no answer"),
        ({"sdp": "", "type": "answer"}, "an empty SDP"),
        ({"sdp": " \r\n", "type": "answer"}, "an empty SDP"),
        ({"sdp": "v=0\r\n" + CHANNEL, "type": "answer"}, "without audio"),
        ({"sdp": SDP.replace("m=audio 9", "m=audio 0"), "type": "answer"}, "rejects the audio"),
        ({"sdp": SDP.replace("a=sendrecv", "a=inactive"), "type": "answer"}, "rejects the audio"),
        ({"sdp": SDP.replace("opus", "G722"), "type": "answer"}, "without Opus"),
        ({"sdp": SDP.replace("SAVPF 111 0", "SAVPF 0"), "type": "answer"}, "without Opus"),
        ({"sdp": "v=0\r\n" + AUDIO, "type": "answer"}, "without data channel"),
        ({"sdp": SDP.replace("m=application 9", "m=application 0"), "type": "answer"}, "without data channel"),
    ],
)
def test_nonsense_instead_of_an_answer(body: object, said: str) -> None:
    with pytest.raises(AttemptError) as caught:
        replies.answer(answered(body))
    assert caught.value.failure.kind is Kind.NONSENSE
    assert said in caught.value.failure.message


def test_the_payload_type_is_the_answerers() -> None:
    assert opus_payload_type(SDP) == 111
    assert opus_payload_type(SDP.replace("opus/48000/2", "OPUS/48000/2 ")) == 111


@given(st.text())
def test_any_sdp_is_survived(text: str) -> None:
    for sdp in (text, SDP + text, "m=audio " + text, SDP.replace("9", text)):
        sdp_problem(sdp)
        opus_payload_type(sdp)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"info": "i", "detail": "d", "error": "e", "message": "m"}, "i"),
        ({"detail": "Transport 'daily' is not allowed."}, "Transport 'daily' is not allowed."),
        ({"error": "at capacity", "code": "PCC-AGENT-AT-CAPACITY"}, "at capacity"),
        ({"status": 1, "code": "x", "message": "m"}, "m"),
        (
            {"detail": [{"loc": ["body", "sdp"], "msg": "Field required"}, {"msg": "and more"}]},
            "Field required; and more",
        ),
        ({"error": {"message": "inner"}}, "inner"),
        ({"detail": None, "error": ""}, ""),
        ({"detail": [[[["deep"]]]]}, ""),
        ("plain JSON text", "plain JSON text"),
        (b"Internal Server Error\n", "Internal Server Error"),
        (b"<html><body>502</body></html>", ""),
        (b"two\nlines", "two lines"),
        (b"", ""),
        ([], ""),
        (b"x" * 1000, "x" * 299 + "…"),
    ],
)
def test_error_text(body: Any, text: str) -> None:
    assert replies.error_text(body if isinstance(body, bytes) else json.dumps(body).encode()) == text


@pytest.mark.parametrize(
    ("status", "wanted", "said"),
    [
        (400, Remedy.PERSON, "400: Bad Request; check [runner] transport"),
        (401, Remedy.PERSON, "api_key"),
        (403, Remedy.PERSON, "api_key"),
        (404, Remedy.PERSON, "[runner] url"),
        (405, Remedy.RETRY, "[runner] url"),
        (413, Remedy.PERSON, "request_data smaller"),
        (422, Remedy.PERSON, "request_data"),
        (418, Remedy.RETRY, "[runner]"),
        (429, Remedy.RETRY, "full"),
        (500, Remedy.RETRY, "500: Internal Server Error; look at the runner's log"),
        (599, Remedy.RETRY, "no reason given"),
    ],
)
def test_refused(status: int, wanted: Remedy, said: str) -> None:
    failure = replies.refused(answered(b"", status), wall_s=0).failure
    assert (failure.kind, failure.status) == (Kind.STATUS, status)
    assert remedy(failure) is wanted
    assert failure.message.startswith(URL)
    assert said in failure.message


def test_redirects_name_their_target() -> None:
    failure = replies.refused(answered(b"", 307, location="http://evil/start"), wall_s=0).failure
    assert failure.kind is Kind.REDIRECT
    assert "http://evil/start" in failure.message


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("7", 7),
        (" 120 ", 120),
        ("0", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 37),
        ("Sun, 06 Nov 1994 08:48:00 GMT", 0),
        ("99999999999999999999", 86400),
        ("Sun, 06 Nov 9999 08:49:37 GMT", 86400),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e3", None),
        ("٣", None),
        ("9" * 400, None),
    ],
)
def test_retry_after(header: str, wait_s: float | None) -> None:
    assert replies.retry_after_s(header, wall_s=784111740.0) == wait_s
    failure = replies.refused(answered(b"", 503, retry_after=header), wall_s=784111740.0).failure
    assert failure.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("date", "wait_s"),
    [("Sun, 06 Nov 1994 08:49:30 GMT", 7.0), ("", 86400.0), ("yesterday", 86400.0), ("x" * 400, 86400.0)],
)
def test_retry_after_by_the_clock_that_set_it(date: str, wait_s: float) -> None:
    """This machine's clock was never set, and says 1970; by that alone a date would send it away for a day."""
    full = answered(b"", 503, retry_after="Sun, 06 Nov 1994 08:49:37 GMT", date=date)
    assert replies.refused(full, wall_s=0.0).failure.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("config", "servers"),
    [
        ({"iceServers": [{"urls": ["stun:a"]}]}, (IceServer(urls=("stun:a",)),)),
        (
            {"iceServers": [{"urls": "turn:a", "username": "u", "credential": "c"}, {"urls": "stun:b"}]},
            (IceServer(urls=("turn:a",), username="u", credential="c"), IceServer(urls=("stun:b",))),
        ),
        ({"iceServers": [{"urls": [1, "stun:a", None], "username": None}]}, (IceServer(urls=("stun:a",)),)),
        ({"iceServers": [None, {}, {"urls": {}}, {"urls": []}, {"urls": "x", "username": 5}]}, ()),
        ({"iceServers": "stun:a"}, ()),
        ([], ()),
        (None, ()),
    ],
)
def test_ice_servers(config: object, servers: tuple[IceServer, ...]) -> None:
    assert replies.ice_servers({"sessionId": "s", "iceConfig": config}) == servers
