"""`voice-appliance check`: every problem of the configuration at once, or that there is none."""

from __future__ import annotations

import argparse

from appliance.cli.options import add_config
from appliance.config.load import load


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    load(args.config)
    print(f"ok: {args.config}")
    return 0
