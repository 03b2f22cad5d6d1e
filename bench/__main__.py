"""`python -m bench [NAME] [--json FILE]`: run one benchmark, print its table, keep its figures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench import box, cpu, recovery, session, soak, wire, words

BENCHMARKS = {
    "session": session,
    "cpu": cpu,
    "box": box,
    "wire": wire,
    "words": words,
    "soak": soak,
    "recovery": recovery,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", epilog="example: scripts/bench session --json session.json")
    parser.add_argument("name", nargs="?", default="session", choices=BENCHMARKS, help="which; default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE, each round's too")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="of each client; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="one short round: does it work, rather than how well")
    parser.add_argument("--hours", type=float, default=1.0, metavar="H", help="how long to soak; default: %(default)s")
    parser.add_argument("--presses", type=int, default=1000, metavar="N", help="of words; default: %(default)s")
    parser.add_argument(
        "--only",
        default="",
        metavar="TEXT",
        help="of recovery: faults with TEXT in their names, or of a place, as process:",
    )
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds: 1 or more were expected")
    own = {"soak": ("hours",), "words": ("presses",), "recovery": ("rounds", "only")}.get(chosen.name, ("rounds",))
    report = BENCHMARKS[chosen.name].run(quick=chosen.quick, **{key: getattr(chosen, key) for key in own})
    print(report.text())
    if chosen.json:
        chosen.json.write_text(json.dumps(report.figures(), indent=1) + "\n", encoding="utf-8")


main()
