"""`voice-appliance replay`: a trace played again by the machine of this version, step by step."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance import __version__
from appliance.cli.running import plain
from appliance.errors import ApplianceError
from appliance.session.indicator import meaning
from appliance.session.records import encode_named
from appliance.session.replay import Replayed, Trace, play, read


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="a trace, of `GET /v1/trace` or left by a failure; -: standard input"
    )


def run(args: argparse.Namespace) -> int:
    """1 when a rule was broken: each is named at its step."""
    trace = _trace(args.file)
    print(f"trace of version {trace.version} ({trace.why}), {len(trace.steps)} steps; played by {__version__}")
    policy, broken, different = trace.policy, 0, 0
    for step in play(trace):
        policy = step.recorded.policy or policy
        light = meaning(step.after, policy, step.recorded.at_s).value
        print(plain(readable(step, trace.at_s, light)))
        if step.differs:
            different += 1
            print(plain(f"{'':12}  then it did: {_effects(step.recorded.effects) or 'nothing'}"))
        if step.broken is not None:
            broken += 1
            print(plain(f"{'':12}  BROKEN: {step.broken}"))
    print(f"{broken} broken rules, {different} steps that were decided otherwise then")
    return 1 if broken else 0


def readable(step: Replayed, begun_s: float, light: str) -> str:
    """*step* in one line: seconds since the trace began, line, what happened, what came of it."""
    event = _named(encode_named(step.recorded.event))
    effects = _effects([encode_named(effect) for effect in step.effects])
    state = f"{step.after.link.state.value}/{step.after.recovery.phase.value}/{light}"
    done = f"{event} -> {state}{': ' if effects else ''}{effects}"
    return f"{step.recorded.at_s - begun_s:12.3f}  {step.recorded.line}: {done}"


def _trace(name: str) -> Trace:
    try:
        if name == "-":
            return read(sys.stdin)
        with Path(name).open(encoding="utf-8") as lines:
            return read(lines)
    except OSError as error:
        raise ApplianceError(f"cannot read {name}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise ApplianceError(f"cannot read {name}: no text in UTF-8; is it a trace?") from error
    except ApplianceError as error:
        raise ApplianceError(f"{name} is no trace that can be played: {error}") from error


def _effects(effects: list[Any]) -> str:
    return ", ".join(_named(effect) for effect in effects if "ReportState" not in effect)  # the state is told anyway


def _named(record: Mapping[str, Any]) -> str:
    """`ButtonPressed(name=talk, role=talk)`"""
    ((name, found),) = record.items()
    inside = ", ".join(f"{key}={value}" for key, value in found.items() if value not in (None, "", {}))
    return f"{name}({inside})" if inside else name
