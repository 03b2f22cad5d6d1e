"""What a runner's HTTP answers mean, and what is wrong with them. Pure: bytes in, values or a `Failure` out.

Between the appliance and the runner stand proxies, captive portals and typing errors, so every shape of answer is
expected here and each has its own sentence. Nothing here knows aiohttp.
"""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from appliance.errors import ApplianceError
from appliance.session.events import Reply
from appliance.session.failure import Failure, Kind
from appliance.transport.sdp import sdp_problem
from appliance.transport.settings import IceServer
from appliance.transport.text import one_line
from appliance.transport.urls import is_session_id
from appliance.units import Seconds

RETRY_AFTER_MAX_S: Seconds = 86400.0
"""A day: nobody means more, and a timer must be able to hold it."""

REASON_CHARS = 140
"""Of what a runner says itself: address and next step must stand in the same line."""

_HINTS = {
    400: "check [runner] transport, request_data and start_data",
    401: "check [runner] api_key",
    403: "check [runner] api_key",
    404: "check [runner] url",
    405: "check [runner] url",
    413: "make [runner] request_data smaller",
    422: "check [runner] request_data and start_data",
    429: "the runner is full; wait, or allow more sessions there",
}


class AttemptError(ApplianceError):
    """An attempt cannot go on. The session that runs it turns it into `AttemptFailed`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Answered:
    """One HTTP answer, read to its end. *url* is fit to be shown."""

    url: str
    status: int
    body: bytes
    location: str = ""
    retry_after: str = ""
    date: str = ""
    """When it was given, by the runner's clock."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The runner's side of the connection. *pc_id* is its name for it, if it gave one."""

    sdp: str
    pc_id: str = ""


def started(answered: Answered) -> Reply:
    """The reply to a start request, with an id that can be used. Raises `AttemptError`."""
    reply = _object(answered)
    if "sessionId" not in reply:
        raise _nonsense(answered, "an object without sessionId; does this runner serve WebRTC (`-t webrtc`)?")
    if not is_session_id(reply["sessionId"]):
        raise _nonsense(answered, "a sessionId that cannot be one; is a Pipecat runner there?")
    return reply


def answer(answered: Answered) -> Answer:
    """The reply to an offer, fit to be connected with. Raises `AttemptError`."""
    reply = _object(answered)
    sdp, pc_id = reply.get("sdp"), reply.get("pc_id")
    if not isinstance(sdp, str) or reply.get("type") != "answer":
        raise _nonsense(answered, "an object that is no answer; is a Pipecat runner there?")
    if problem := sdp_problem(sdp):
        raise _nonsense(answered, f"{problem}; look at the runner's log")
    return Answer(sdp, pc_id if isinstance(pc_id, str) else "")


def refused(answered: Answered, *, wall_s: float) -> AttemptError:
    """The failure of an answer outside 2xx. *wall_s* is the time of day, for a `Retry-After` that names a date and
    an answer that has none itself: this machine's clock may never have been set."""
    url, status = answered.url, answered.status
    if 300 <= status < 400:
        target = one_line(answered.location, REASON_CHARS) or "nowhere"
        message = f"{url} points elsewhere, to {target}; if that is the runner, name it in [runner] url"
        return AttemptError(Failure(Kind.REDIRECT, message, status))
    text = one_line(error_text(answered.body) or _phrase(status), REASON_CHARS)
    hint = _HINTS.get(status, "look at the runner's log" if status >= 500 else "check [runner] in the configuration")
    message = f"{url} answered {status}: {text.rstrip('.')}; {hint}"
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        wall_s = _date_s(answered.date)
    return AttemptError(Failure(Kind.STATUS, message, status, retry_after_s(answered.retry_after, wall_s)))


def error_text(body: bytes) -> str:
    """What a person should read of an error's body, one line; empty if there is nothing but markup."""
    value = _json(body)
    if value is _NOT_JSON:
        text = body.decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else one_line(text)
    if not isinstance(value, dict):
        return one_line(value) if isinstance(value, str) else ""
    for name in ("info", "detail", "error", "message"):
        if text := _spoken(value.get(name)):
            return one_line(text)
    return ""


def retry_after_s(header: str, wall_s: float) -> Seconds | None:
    """`Retry-After` as a wait, from 0 to a day: seconds, or a date (RFC 9110, 10.2.3). None if it says neither."""
    header = header.strip()
    try:
        wait_s = float(header) if header.isascii() and header.isdigit() else _date_s(header) - wall_s
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait_s, 0.0), RETRY_AFTER_MAX_S) if math.isfinite(wait_s) else None


def ice_servers(reply: Reply) -> tuple[IceServer, ...]:
    """The servers of a start reply's `iceConfig`. What is malformed is left out: a bad relay must not end a session
    that can do without."""
    config = reply.get("iceConfig")
    servers = config.get("iceServers") if isinstance(config, dict) else None
    found = [_ice_server(server) for server in servers] if isinstance(servers, list) else []
    return tuple(server for server in found if server is not None)


def _ice_server(value: Any) -> IceServer | None:
    if not isinstance(value, dict):
        return None
    urls = value.get("urls")
    listed = [urls] if isinstance(urls, str) else urls if isinstance(urls, list) else []
    texts = tuple(url for url in listed if isinstance(url, str))
    username, credential = (value.get(name) or "" for name in ("username", "credential"))
    if not texts or not isinstance(username, str) or not isinstance(credential, str):
        return None
    return IceServer(urls=texts, username=username, credential=credential)


def _object(answered: Answered) -> dict[str, Any]:
    value = _json(answered.body)
    if isinstance(value, dict):
        return value
    raise _nonsense(answered, _described(answered.body, value))


def _nonsense(answered: Answered, what: str) -> AttemptError:
    return AttemptError(Failure(Kind.NONSENSE, f"{answered.url} answered {what}", answered.status))


def _described(body: bytes, value: Any) -> str:
    if not body.strip():
        return "with nothing at all; is a Pipecat runner there?"
    if value is _NOT_JSON and body.lstrip()[:1] == b"<":
        return "with a web page; is a proxy or a captive portal in between, or [runner] url another server's?"
    names = {
        list: "a list",
        type(None): "null",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return f"{'no JSON' if value is _NOT_JSON else names[type(value)]}, not an object; is a Pipecat runner there?"


_NOT_JSON = object()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _spoken(value: Any) -> str:
    """The text in *value*: itself, or the messages of a list of validation errors."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _spoken(value.get("msg") or value.get("message"))
    if isinstance(value, list):
        return "; ".join(text for item in value[:5] if not isinstance(item, list) and (text := _spoken(item)))
    return ""


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "no reason given"


def _date_s(text: str) -> float:
    return parsedate_to_datetime(text).timestamp()
