"""A trace tells what the machine decided by, and no secret, no start reply, no word of anybody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.session.effects import Connect, ReportError
from appliance.session.events import (
    AttemptFailed,
    BotError,
    BotMessage,
    BotReady,
    BotStarted,
    ButtonPressed,
    ConnectAsked,
    Role,
)
from appliance.session.failure import Failure, Kind
from appliance.session.records import encode, encode_named
from appliance.session.redaction import redacted
from appliance.session.state import Link, Recovery, State

SECRET = "hunter2"
TOKEN = "sk-proj-4f9a8b7c6d5e4f3a2b1c"
SESSION = "7f9c2ba4-e88f-11ee-8e2b-325096b39f47"


@pytest.mark.parametrize(
    "record",
    [
        BotStarted(1, {"sessionId": SESSION, "iceConfig": {"credential": SECRET}}),
        ConnectAsked({"token": SECRET}),
        Connect(1, {"sessionId": SESSION}),
        BotMessage(1, "user-transcription", {"text": SECRET}),
        BotError(1, f"you said {SECRET}", fatal=False),
        ReportError("bot", f"you said {SECRET}", fatal=False),
        ReportError("bot", f"the bot failed: you said {SECRET}", fatal=True),
        AttemptFailed(1, Failure(Kind.STATUS, f"https://me:{SECRET}@cloud.example/x?key={SECRET} answered 401: no")),
        AttemptFailed(1, Failure(Kind.STATUS, f"https://cloud.example/sessions/{SESSION}/offer answered 500: oops")),
        AttemptFailed(1, Failure(Kind.STATUS, f"the runner answered 401: Incorrect API key provided: {TOKEN}.")),
        AttemptFailed(1, Failure(Kind.BOT, f"the bot failed: {SECRET}")),
    ],
)
def test_what_must_not_be_told(record: Any) -> None:
    text = json.dumps(redacted(encode_named(record)))
    for secret in (SECRET, TOKEN, SESSION):
        assert secret not in text


def test_a_state_tells_no_more() -> None:
    state = State(link=Link(reply={"token": SECRET}), recovery=Recovery(reason=f"the bot failed: {SECRET}"))
    found = redacted(encode(state))
    assert SECRET not in json.dumps(found)
    assert found["link"]["reply"] == {}, "that there was one is told"
    assert found["recovery"]["reason"] == "the bot failed: ***"


@pytest.mark.parametrize(
    "record",
    [
        ButtonPressed("talk", Role.TALK),
        BotReady(12345678, "2.2.0"),
        BotError(1, "writing audio to the transport", fatal=False),
        AttemptFailed(1, Failure(Kind.UNREACHABLE, "cannot reach http://192.168.1.20:7860: connection refused")),
        AttemptFailed(1, Failure(Kind.TIMEOUT, "no connection to the bot within 15 s; see [runner] ice_servers")),
    ],
)
def test_what_a_person_needs_is_left(record: Any) -> None:
    assert redacted(encode_named(record)) == encode_named(record)
