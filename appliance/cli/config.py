"""`voice-appliance config`: the configuration as it takes effect, defaults filled in, secrets as stars."""

from __future__ import annotations

import argparse
import json

from appliance.cli.options import add_config
from appliance.config.load import load
from appliance.config.show import as_toml, effective


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="as JSON instead of TOML")


def run(args: argparse.Namespace) -> int:
    settings = load(args.config)
    text = json.dumps(effective(settings), indent=2, ensure_ascii=False) + "\n" if args.json else as_toml(settings)
    print(text, end="")
    return 0
