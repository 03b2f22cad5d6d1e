"""`voice-appliance reload`: the running appliance reads its file again, and says what has come of it."""

from __future__ import annotations

import argparse

from appliance.cli.options import add_socket
from appliance.cli.running import plain, reach
from appliance.control.client import RefusedError
from appliance.errors import ConfigError

_WRONG_FILE = 422
"""What the control socket answers when the file is wrong: every problem, a line each."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    """Raises `ConfigError` when the file is wrong: the appliance goes on by what it had."""
    try:
        reply = reach(args).post("/v1/reload")
    except RefusedError as refused:
        if refused.status != _WRONG_FILE:
            raise
        raise ConfigError([plain(line) for line in str(refused).splitlines()]) from refused
    for name, what in (("applied", "applied"), ("restart", "after a restart")):
        if keys := reply.get(name):
            print(plain(f"{what}: {', '.join(map(str, keys))}"))
    if not any(reply.get(name) for name in ("applied", "restart")):
        print("nothing has changed")
    return 0
