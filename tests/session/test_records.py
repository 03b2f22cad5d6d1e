"""What is written of a machine is read again as what it was."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.session.events import BotMessage, BotReady, BotStarted, Event
from appliance.session.failure import Failure
from appliance.session.policy import Policy
from appliance.session.records import RecordError, decode, decode_event, encode, encode_named
from appliance.session.state import Link, State

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=3)
FINITE = st.floats(allow_nan=False)


def built(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of *kind*; what may be anything in it is what JSON can say."""
    failures = st.builds(Failure, retry_after_s=st.none() | FINITE)
    open_fields = {"reply": OBJECTS, "parameters": st.none() | OBJECTS, "data": JSON, "failure": failures}
    names = {item.name for item in fields(kind)}
    with_times = {item.name: FINITE for item in fields(kind) if item.type in ("Seconds", "Millis", "float")}
    given_ = {name: strategy for name, strategy in open_fields.items() if name in names}
    return st.builds(kind, **given_, **with_times)


EVENTS = st.one_of(*(built(kind) for kind in get_args(Event)))
STATES = st.builds(State, link=built(Link))


def through_text(value: Any) -> Any:
    return json.loads(json.dumps(value))


@given(EVENTS)
def test_events(event: Event) -> None:
    assert decode_event(through_text(encode_named(event))) == event


@given(STATES)
def test_states(state: State) -> None:
    assert decode(State, through_text(encode(state))) == state


@given(built(Policy))
def test_policies(policy: Policy) -> None:
    assert decode(Policy, through_text(encode(policy))) == policy


def test_every_kind_of_event_is_told_by_its_name() -> None:
    assert encode_named(BotReady(3, "2.2.0")) == {"BotReady": {"attempt": 3, "version": "2.2.0"}}


def test_a_field_that_an_older_version_did_not_have_takes_its_default() -> None:
    assert decode(State, {"link": {"attempt": 4}}) == State(link=Link(attempt=4))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "the name of one event"),
        ([], "the name of one event"),
        ({"BotReady": {}, "BotLeft": {}}, "the name of one event"),
        ({"Exploded": {}}, "'Exploded' where the name of an event"),
        ({"BotReady": {"attempt": 1}}, "an incomplete BotReady"),
        ({"BotReady": {"attempt": 1, "version": 2}}, "a str"),
        ({"BotReady": {"attempt": True, "version": "2"}}, "an int"),
        ({"BotReady": {"attempt": 1, "version": "2", "more": 1}}, "'more' where a field of BotReady"),
        ({"BotReady": 7}, "'7' where a BotReady"),
        ({"ButtonPressed": {"name": "talk", "role": "nose"}}, "'nose' where a Role"),
        ({"BotStarted": {"attempt": 1, "reply": []}}, "an object"),
        ({"AttemptFailed": {"attempt": 1, "failure": {"kind": "link", "message": "", "status": "x"}}}, "an int"),
    ],
)
def test_what_is_no_event_is_refused_by_name(value: Any, says: str) -> None:
    with pytest.raises(RecordError, match=says):
        decode_event(value)


def test_a_value_without_a_form_in_json_is_a_bug_of_ours() -> None:
    with pytest.raises(TypeError, match="object"):
        encode(BotMessage(1, "x", object()))
    assert encode(BotStarted(1, {"a": (1, 2)})) == {"attempt": 1, "reply": {"a": [1, 2]}}
