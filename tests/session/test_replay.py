"""Traces played again: those of boxes in the folder `traces`, and ones with something wrong in them.

A trace from the field becomes a test by copying it into that folder: no rule is broken in it, or the machine of today
would break it again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.session import machine, replay
from appliance.session.draft import Draft
from appliance.session.records import RecordError, encode, encode_named
from appliance.session.redaction import redacted
from appliance.session.replay import Replayed, play, read
from appliance.session.state import Recovery, State
from tests.session.play import Play
from tests.session.test_playbooks import PRESS, RELEASE

TRACES = sorted((Path(__file__).parent / "traces").glob("*.jsonl"))


def test_there_are_traces() -> None:
    assert TRACES


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_a_trace_of_a_box(path: Path) -> None:
    steps = list(play(read(path.read_text(encoding="utf-8").splitlines())))
    assert steps
    assert [f"line {step.recorded.line}: {step.broken}" for step in steps if step.broken] == []


class Recorder(Play):
    """Plays, and writes down what it plays as a box would."""

    def begin(self) -> None:
        head = {"version": "0", "why": "asked", "at_s": self.now_s}
        head |= {"policy": encode(self.policy), "state": redacted(encode(self.state))}
        self.lines = [json.dumps(head)]

    def record(self, event: Any, *, after_s: float = 0.0) -> None:
        self.now_s += after_s
        self.state, effects = machine.step(self.state, event, now_s=self.now_s, jitter=self.jitter, policy=self.policy)
        line = {"at_s": self.now_s, "jitter": self.jitter, "event": redacted(encode_named(event))}
        line["effects"] = [redacted(encode_named(effect)) for effect in effects]
        self.lines.append(json.dumps(line))

    def played(self) -> list[Replayed]:
        return list(play(read(self.lines)))


def recorder(**policy: Any) -> Recorder:
    """In a session that is ready, in which a turn begins just before the trace."""
    found = Recorder.booted(**policy)
    assert isinstance(found, Recorder)
    found(PRESS)
    found.runner_answers()
    found.begin()
    return found


def test_it_begins_anywhere_and_decides_the_same() -> None:
    box = recorder()
    box.record(RELEASE, after_s=1.0)
    steps = box.played()
    assert [(step.broken, step.differs) for step in steps] == [(None, False)]
    assert steps[-1].after == replace(box.state, link=replace(box.state.link, reply={}))


def test_a_decision_that_is_another_today_is_told() -> None:
    box = recorder()
    box.record(RELEASE, after_s=1.0)
    box.record(PRESS, after_s=1.0)
    changed = json.loads(box.lines[2])
    changed["effects"].pop()
    box.lines[2] = json.dumps(changed)
    assert [step.differs for step in box.played()] == [False, True]


def test_a_new_policy_takes_effect_where_it_did() -> None:
    box = recorder()
    box.record(RELEASE, after_s=1.0)
    box.policy = replace(box.policy, half_duplex=False)
    box.record(PRESS, after_s=1.0)
    with_policy = json.loads(box.lines[2]) | {"policy": encode(box.policy)}
    box.lines[2] = json.dumps(with_policy)
    assert [(step.broken, step.differs) for step in box.played()] == [(None, False)] * 2


def test_a_broken_rule_is_named_and_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    box = recorder()
    box.record(RELEASE, after_s=1.0)
    box.record(PRESS, after_s=1.0)
    monkeypatch.setattr("appliance.session.talking.end_turn", lambda d: d.talk(muted=True))
    assert [step.broken for step in box.played()] == ["muted, nothing is captured"] * 2


def test_an_exception_of_the_machine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_draft: Draft) -> None:
        raise KeyError("x")

    box = recorder()
    box.record(RELEASE, after_s=1.0)
    monkeypatch.setattr("appliance.session.talking.end_turn", fails)
    assert [step.broken for step in box.played()] == ["the machine raised KeyError: 'x'"]


def test_a_world_that_was_wrong_when_the_trace_began_is_found() -> None:
    box = recorder()
    box.state = State(booted=True, recovery=Recovery(wanted=True))
    box.begin()
    box.record(RELEASE)
    assert box.played()[0].broken == "a wish is never forgotten"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "line 1: no JSON"),
        (["{"], "line 1: no JSON"),
        (["[]"], "line 1: no JSON object; is it a trace?"),
        (["{}"], "line 1: 'None' where a str was expected"),
        (["HEAD", "", '{"at_s": 1}'], "line 3: 'None' where a number"),
        (["HEAD", '{"at_s": 1, "jitter": 0.5, "event": {}, "effects": []}'], "line 2: '{}' where an object"),
    ],
)
def test_what_is_no_trace(lines: list[str], says: str) -> None:
    box = recorder()
    with pytest.raises(RecordError) as raised:
        replay.read([line.replace("HEAD", box.lines[0]) for line in lines])
    assert str(raised.value).startswith(says)
