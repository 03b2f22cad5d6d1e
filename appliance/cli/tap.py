"""`voice-appliance tap`: press and release a button of a simulated board."""

from __future__ import annotations

import argparse

from appliance.cli.running import add_button, move_button


def arguments(parser: argparse.ArgumentParser) -> None:
    add_button(parser)


def run(args: argparse.Namespace) -> int:
    return move_button(args, "press", "release")
