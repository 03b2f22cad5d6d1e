"""`voice-appliance mute`: close the microphone, and keep it closed until `unmute`."""

from __future__ import annotations

import argparse

from appliance.cli.options import add_socket
from appliance.cli.running import in_short, reach


def arguments(parser: argparse.ArgumentParser) -> None:
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    print(in_short(reach(args).post("/v1/mute")))
    return 0
