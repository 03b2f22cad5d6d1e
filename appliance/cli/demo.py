"""`voice-appliance demo`: the whole appliance on this machine, with nothing configured."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from appliance.cli.options import demo_socket, make_demo_folder
from appliance.config.load import runner_only
from appliance.config.schema import Runner


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="take [runner] from this file, and nothing else")


def run(args: argparse.Namespace) -> int:
    runner = runner_only(args.config) if args.config else Runner()
    from appliance.demo.stage import settings
    from appliance.service import logs

    make_demo_folder()
    logs.set_up(logging.ERROR)  # what happens is shown in the demonstration's own words
    stage = settings(runner, demo_socket())
    if sys.stdin.isatty() and sys.stdout.isatty():
        from appliance.demo.stage import with_card
        from appliance.demo.terminal import view

        asyncio.run(view(with_card(stage)))
    else:
        from appliance.demo.script import Script

        asyncio.run(Script(stage).run())
    return 0
