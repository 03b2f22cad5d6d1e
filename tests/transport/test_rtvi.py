"""RTVI as text: each message of the table, and whatever else may come."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.session.events import (
    BotError,
    BotInterrupted,
    BotLeft,
    BotMessage,
    BotReady,
    BotSpeaking,
    Event,
    UserSpeaking,
)
from appliance.transport import rtvi
from appliance.transport.rtvi import Malformed, Signal, Unknown, parse


def bot(kind: str, data: Any = None, **more: Any) -> str:
    return json.dumps({"label": "rtvi-ai", "type": kind, "data": data, **more})


@pytest.mark.parametrize(
    ("text", "event"),
    [
        (bot("bot-ready", {"version": "2.2.0", "about": {}}, id="1"), BotReady(7, "2.2.0")),
        (bot("bot-ready", {"version": 2}), BotReady(7, "")),
        (bot("bot-ready"), BotReady(7, "")),
        (bot("bot-ready", {"version": "2\n" + "x" * 99}), BotReady(7, "2 " + "x" * 29 + "…")),
        (bot("error", {"error": "no LLM", "fatal": False}), BotError(7, "no LLM", False)),
        (bot("error", {"error": "no LLM", "fatal": True}), BotError(7, "no LLM", True)),
        (bot("error", {"error": "no LLM", "fatal": "false"}), BotError(7, "no LLM", False)),
        (bot("error", {"error": "no LLM", "fatal": 1}), BotError(7, "no LLM", False)),
        (bot("error", {"message": "two\n\tlines "}), BotError(7, "two lines", False)),
        (bot("error", "text"), BotError(7, "text", False)),
        (bot("error"), BotError(7, "the bot reported an error and did not say which", False)),
        (bot("error", {"error": ["list"]}), BotError(7, "the bot reported an error and did not say which", False)),
        (bot("bot-started-speaking"), BotSpeaking(7, True)),
        (bot("bot-stopped-speaking"), BotSpeaking(7, False)),
        (bot("user-started-speaking"), UserSpeaking(7, True)),
        (bot("user-stopped-speaking"), UserSpeaking(7, False)),
        (bot("bot-interrupted"), BotInterrupted(7)),
        ('{"type":"signalling","message":{"type":"peerLeft"}}', BotLeft(7)),
        (bot("server-message", [1, "any"]), BotMessage(7, "server-message", [1, "any"])),
        (bot("error-response", {"error": "e"}, id="1"), BotMessage(7, "error-response", {"error": "e"})),
        (bot("metrics", {}), BotMessage(7, "metrics", {})),
    ],
)
def test_event(text: str, event: Event) -> None:
    assert parse(text, 7) == event
    assert parse(text.encode(), 7) == event


@pytest.mark.parametrize("kind", sorted(rtvi.OTHER_TYPES))
def test_every_other_type_of_the_table(kind: str) -> None:
    assert parse(bot(kind, {"a": 1}), 1) == BotMessage(1, kind, {"a": 1})


def test_the_table_is_whole() -> None:
    assert len(rtvi.OTHER_TYPES) == 34
    assert {"llm-function-call-stopped", "ui-job-group", "error-response", "user-mute-started"} <= rtvi.OTHER_TYPES


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (bot("from-the-future"), Unknown("from-the-future")),
        (bot("x" * 99), Unknown("x" * 63 + "…")),
        ('{"type":"signalling","message":{"type":"renegotiate"}}', Signal("renegotiate")),
        ('{"type":"signalling","message":{"type":"other"}}', Unknown("other")),
        ('{"type":"signalling","message":null}', Malformed("no signalling type")),
        ('{"type":"signalling"}', Malformed("no signalling type")),
        ("", Malformed("not JSON")),
        ("ping: 1", Malformed("not JSON")),
        (b"\x00\xff\xfe", Malformed("not JSON")),
        ("[" * 20_000, Malformed("not JSON")),
        ('{"label":"rtvi-ai","type":"metrics","data":NaN}', Malformed("not JSON")),
        ('{"label":"rtvi-ai","type":"metrics","data":1e999}', Malformed("not JSON")),
        ("[]", Malformed("not an object")),
        ("null", Malformed("not an object")),
        ('{"type":"error","data":{"error":"e","fatal":true}}', Malformed("wrong label")),
        ('{"label":"other","type":"error"}', Malformed("wrong label")),
        ('{"label":"rtvi-ai"}', Malformed("no type")),
        ('{"label":"rtvi-ai","type":7}', Malformed("no type")),
        (bot("server-message", "x" * rtvi.MESSAGE_BYTES_MAX), Malformed("over 65536 bytes")),
    ],
)
def test_no_event(text: str | bytes, parsed: rtvi.Parsed) -> None:
    assert parse(text, 1) == parsed


def test_errors_are_one_short_line_that_can_be_written() -> None:
    event = parse(bot("error", {"error": "a\r\n\x1b[31m" + "b" * 10_000 + "\ud800"}), 1)
    assert isinstance(event, BotError)
    assert len(event.message) == 300
    assert event.message.isprintable()
    lonely = parse(bot("error", {"error": "\ud800"}), 1)
    assert isinstance(lonely, BotError)
    lonely.message.encode()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
kinds = st.sampled_from(["bot-ready", "error", "bot-interrupted", "metrics", "signalling"]) | values


@given(st.text() | st.binary())
def test_any_text_is_survived(text: str | bytes) -> None:
    parse(text, 1)


@given(kinds, values, values)
def test_any_message_is_survived(kind: Any, data: Any, message: Any) -> None:
    parse(json.dumps({"label": "rtvi-ai", "type": kind, "data": data, "message": message}), 1)
    parse(json.dumps({"type": kind, "message": message}), 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            rtvi.client_ready("a1", {"library": "x"}),
            {
                "label": "rtvi-ai",
                "type": "client-ready",
                "id": "a1",
                "data": {"version": "2.2.0", "about": {"library": "x"}},
            },
        ),
        (
            rtvi.client_message("a1", "push_to_talk", {"state": "start"}),
            {
                "label": "rtvi-ai",
                "type": "client-message",
                "id": "a1",
                "data": {"t": "push_to_talk", "d": {"state": "start"}},
            },
        ),
        (rtvi.disconnect_bot("a1"), {"label": "rtvi-ai", "type": "disconnect-bot", "id": "a1", "data": {}}),
        (
            rtvi.track_status(0, True),
            {"type": "signalling", "message": {"type": "trackStatus", "receiver_index": 0, "enabled": True}},
        ),
    ],
)
def test_what_we_say(text: str, message: object) -> None:
    assert json.loads(text) == message


def test_ping_is_plain_text() -> None:
    assert rtvi.ping(1234) == "ping: 1234"
