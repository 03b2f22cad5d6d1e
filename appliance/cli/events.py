"""`voice-appliance events`: what happens, as it happens, until the appliance ends or the reader has seen enough."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from appliance.cli.options import add_socket
from appliance.cli.running import in_short, plain, reach
from appliance.errors import ApplianceError

_WIDTH = 9


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as they come")
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    client = reach(args)
    for line in client.events():
        print(line.decode(errors="replace") if args.json else readable(_parsed(line)))
        sys.stdout.flush()  # each at its time, also into a pipe; and a closed one is noticed
    return 0


def readable(event: Mapping[str, Any]) -> str:
    """*event* in one line for a person: when (seconds of the monotonic clock), what, and its figures."""
    rest = dict(event)
    kind, at_s = str(rest.pop("type", "unknown")), rest.pop("at_s", None)
    when = f"{at_s:12.3f}" if isinstance(at_s, (int, float)) else " " * 12
    match kind:
        case "status":
            text = in_short(event)
        case "state":
            text = f"{rest.get('previous')} -> {rest.get('state')}"
        case "light":
            text = f"{rest.get('meaning')} ({rest.get('colour')} {rest.get('pattern')})"
        case "button":
            text = f"{rest.get('name')} {rest.get('edge')}"
        case "error":
            text = f"{'fatal, ' if rest.get('fatal') else ''}{rest.get('source')}: {rest.get('message')}"
        case _:
            text = " ".join(f"{name}={_value(value)}" for name, value in rest.items() if value not in (None, ""))
    return plain(f"{when}  {kind:{_WIDTH}}{text}")


def _value(value: object) -> str:
    """As it is, where that is one word; else as JSON."""
    return value if isinstance(value, str) and value.isprintable() and " " not in value else json.dumps(value)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise ApplianceError(f"what answers is no appliance: it sent {line[:60]!r}; see --socket")
    return event
