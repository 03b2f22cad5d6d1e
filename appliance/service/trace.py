"""The last minutes of the machine, kept in memory: what `GET /v1/trace` answers, and what a failure leaves behind.

An observer that keeps references and serialises only when somebody asks. Redacted on the way out
(session/redaction.py); the form is told in session/replay.py, which plays it again.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from appliance import __version__
from appliance.service.driver import Step
from appliance.session.effects import Effect
from appliance.session.events import BotMessage, Event
from appliance.session.policy import Policy
from appliance.session.records import encode, encode_named
from appliance.session.redaction import redacted
from appliance.session.state import State
from appliance.units import Seconds

BLOCK_STEPS = 512
BLOCKS_MAX = 4
"""Each block begins with a whole state, and is forgotten as a whole: 1,536 steps at least. A busy conversation makes
one a second, so that is 25 minutes; all of it is under 1 MB."""


@dataclass(frozen=True, slots=True)
class _Kept:
    at_s: Seconds
    jitter: float
    event: Event
    effects: tuple[Effect, ...]
    policy: Policy


@dataclass(frozen=True, slots=True)
class _Block:
    state: State
    """Before its first step."""
    steps: list[_Kept] = field(default_factory=list)


class Trace:
    """An observer. Event loop only, but for what `lines` returns, which any one thread may read."""

    def __init__(self) -> None:
        self._blocks: deque[_Block] = deque(maxlen=BLOCKS_MAX)

    def __call__(self, step: Step) -> None:
        if isinstance(step.event, BotMessage):
            if _changed_nothing(step):
                return  # there may be dozens a second, and the machine decides nothing by them
            event: Event = replace(step.event, data=None)  # not ours to keep
        else:
            event = step.event
        if not self._blocks or len(self._blocks[-1].steps) >= BLOCK_STEPS:
            self._blocks.append(_Block(step.before))
        self._blocks[-1].steps.append(_Kept(step.at_s, step.jitter, event, step.effects, step.policy))

    def lines(self, why: str, steps_max: int = BLOCK_STEPS * BLOCKS_MAX) -> Iterator[str]:
        """What is kept now, as JSON lines with their ends; blocks of old steps are left out for *steps_max*."""
        blocks = [(block.state, tuple(block.steps)) for block in self._blocks]
        while len(blocks) > 1 and sum(len(steps) for _, steps in blocks) > steps_max:
            del blocks[0]
        return _lines(why, blocks)


def _changed_nothing(step: Step) -> bool:
    """But for when it was last used, which the next step tells anew."""
    return not step.effects and replace(step.after, recovery=step.before.recovery) == step.before


def _lines(why: str, blocks: list[tuple[State, tuple[_Kept, ...]]]) -> Iterator[str]:
    kept = [step for _, steps in blocks for step in steps]
    if not kept:
        return
    policy = kept[0].policy
    yield _line(
        {
            "version": __version__,
            "why": why,
            "at_s": kept[0].at_s,
            "policy": encode(policy),
            "state": redacted(encode(blocks[0][0])),
        }
    )
    for step in kept:
        found = {
            "at_s": step.at_s,
            "jitter": step.jitter,
            "event": redacted(encode_named(step.event)),
            "effects": [redacted(encode_named(effect)) for effect in step.effects],
        }
        if step.policy is not policy:
            policy = step.policy
            found["policy"] = encode(policy)
        yield _line(found)


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"
