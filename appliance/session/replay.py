"""A trace played again by the pure machine: what a box did, step by step, and which rule it broke.

A trace is JSON lines. The first tells where it begins: `{"version", "why", "at_s", "policy", "state"}`; each other one
is a step: `{"at_s", "jitter", "event", "effects"}`, with a `policy` where a new one took effect before it. Times are
those of the box's monotonic clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from appliance.session.effects import Effect
from appliance.session.events import Event
from appliance.session.invariants import InvariantError, World, check, world_of
from appliance.session.machine import step
from appliance.session.policy import Policy
from appliance.session.records import RecordError, decode, decode_event, encode_named
from appliance.session.redaction import redacted
from appliance.session.state import State
from appliance.units import Seconds


@dataclass(frozen=True, slots=True)
class Recorded:
    """One step as it was recorded. *effects*: as JSON, for they are compared and never done."""

    line: int
    at_s: Seconds
    jitter: float
    event: Event
    effects: list[Any]
    policy: Policy | None
    """That took effect before it; None: as before."""


@dataclass(frozen=True, slots=True)
class Trace:
    version: str
    why: str
    """What made the box write it."""
    at_s: Seconds
    policy: Policy
    state: State
    steps: Sequence[Recorded]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One step played again."""

    recorded: Recorded
    after: State
    effects: tuple[Effect, ...]
    broken: str | None
    """The rule that does not hold, if there is one, or the exception that the machine raised."""
    differs: bool
    """The machine decides otherwise today than it did then."""


def read(lines: Iterable[str]) -> Trace:
    """The trace in *lines*. Raises `RecordError`, with the line's number."""
    first, *rest = [(number, line) for number, line in enumerate(lines, 1) if line.strip()] or [(1, "")]
    number, line = first
    try:
        head = _object(line)
        steps = []
        for number, line in rest:
            steps.append(_recorded(number, _object(line)))
        number = first[0]
        return Trace(
            version=decode(str, head.get("version")),
            why=decode(str, head.get("why")),
            at_s=decode(float, head.get("at_s")),
            policy=decode(Policy, head.get("policy")),
            state=decode(State, head.get("state")),
            steps=steps,
        )
    except RecordError as error:
        raise RecordError(f"line {number}: {error}") from error


def play(trace: Trace) -> Iterator[Replayed]:
    """Each step of *trace* by the machine of today. After a broken rule it goes on as if the outside were mended."""
    state, policy = trace.state, trace.policy
    world = world_of(state, policy)
    for recorded in trace.steps:
        policy = recorded.policy or policy
        if recorded.policy is not None:
            world = replace(world, muted=world_of(state, policy).muted)
        try:
            state, effects = step(state, recorded.event, now_s=recorded.at_s, jitter=recorded.jitter, policy=policy)
        except Exception as error:  # noqa: BLE001 - it is what a trace of a crash is replayed for
            yield Replayed(recorded, state, (), f"the machine raised {type(error).__name__}: {error}", differs=False)
            continue
        broken = None
        try:
            world = _follow(world, effects, recorded.at_s, policy)
            check(state, world, policy, recorded.at_s)
        except InvariantError as error:
            broken, world = str(error), world_of(state, policy)
        differs = [redacted(encode_named(effect)) for effect in effects] != recorded.effects
        yield Replayed(recorded, state, effects, broken, differs)


def _follow(world: World, effects: Iterable[Effect], now_s: Seconds, policy: Policy) -> World:
    for effect in effects:
        world = world.after(effect, now_s, policy)
    return world


def _recorded(line: int, found: dict[str, Any]) -> Recorded:
    policy = found.get("policy")
    return Recorded(
        line=line,
        at_s=decode(float, found.get("at_s")),
        jitter=decode(float, found.get("jitter")),
        event=decode_event(found.get("event")),
        effects=decode(Any, found.get("effects")),
        policy=None if policy is None else decode(Policy, policy),
    )


def _object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"no JSON: {error}") from error
    if not isinstance(found, dict):
        raise RecordError("no JSON object; is it a trace?")
    return found
