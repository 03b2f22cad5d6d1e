"""What the commands that speak to a running appliance have in common: to find it, and to say what came of it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from appliance.cli.options import add_socket, check_demo_folder, demo_socket, sockets
from appliance.control.client import Client, RefusedError
from appliance.errors import ApplianceError, UnavailableError

_CONFLICT = 409
"""What the control socket answers where there is no button that it could press."""


def reach(args: argparse.Namespace) -> Client:
    """The first appliance that answers, of those that *args* (of `add_socket`) may mean. Raises `ApplianceError`."""
    tried = []
    for path in sockets(args):
        if path == demo_socket():
            check_demo_folder()
        client = Client(path)
        why = client.why_not()
        if why is None:
            return client
        tried.append(f"{path} ({why})")
    raise ApplianceError(
        f"no appliance answers: tried {', '.join(tried)}; start one with 'voice-appliance run' or 'scripts/run demo'"
    )


def add_button(parser: argparse.ArgumentParser) -> None:
    """`[BUTTON]`, and the options that find the appliance."""
    parser.add_argument("button", nargs="?", default="talk", metavar="BUTTON", help="its name (default talk)")
    add_socket(parser)


def move_button(args: argparse.Namespace, *edges: str) -> int:
    """Make the *edges* (`press`, `release`) at the button of *args*, and say what came of it. Returns the exit status.

    Raises `UnavailableError` when the board is a real one.
    """
    client = reach(args)
    status: Mapping[str, Any] = {}
    for edge in edges:
        try:
            status = client.post(f"/v1/board/{edge}", {"button": args.button})
        except RefusedError as refused:
            if refused.status != _CONFLICT:
                raise
            raise UnavailableError(f"cannot {edge} {args.button!r} from here: {refused}") from refused
    print(in_short(status))
    return 0


def in_short(status: Mapping[str, Any]) -> str:
    """The state and the light of *status* in one line."""
    return f"{status.get('state', 'unknown')}, light: {part(status, 'light').get('meaning', 'unknown')}"


def plain(text: str) -> str:
    """*text* without what would move a terminal's cursor: some of it are the words of a bot."""
    return "".join(char if char.isprintable() else " " for char in text)


def part(status: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object *name* of *status*; empty where an appliance of another version has none."""
    value = status.get(name)
    return value if isinstance(value, dict) else {}
