"""`python -m tests.sim SEED`: one day again, step by step; a broken rule is named, and its day shrunk first.

`python -m tests.sim --days N [--from SEED]` lives N days and says how fast.
"""

from __future__ import annotations

import argparse
import sys
import time

from appliance.session.effects import Effect
from appliance.session.events import Event
from appliance.session.indicator import meaning
from tests.sim.box import Box
from tests.sim.life import BrokenError, live
from tests.sim.plans import Plan, plan_for
from tests.sim.shrink import breaks, shrunk


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="the day to live again")
    parser.add_argument("--days", type=int, default=0, help="live so many days, silently")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first one's seed")
    parser.add_argument("--whole", action="store_true", help="do not shrink the day first")
    args = parser.parse_args()
    if args.days:
        return _many(args.first, args.days)
    if args.seed is None:
        parser.error("a seed, or --days")
    return _one(plan_for(args.seed), shrink=not args.whole)


def _many(first: int, days: int) -> int:
    begun_s, steps, sessions, failures, broken = time.process_time(), 0, 0, 0, 0
    for seed in range(first, first + days):
        try:
            lived = live(plan_for(seed))
        except BrokenError as error:
            broken += 1
            print(error)
            continue
        steps, sessions, failures = steps + lived.steps, sessions + lived.sessions, failures + lived.failures
    took_s = time.process_time() - begun_s
    print(
        f"{days} days, {broken} broken; {steps} steps, {sessions} sessions, {failures} failures; "
        f"{took_s:.1f} s of one core: {steps / took_s:.0f} steps a second, {days / took_s * 60:.0f} days a minute"
    )
    return 1 if broken else 0


def _one(plan: Plan, *, shrink: bool) -> int:
    try:
        live(plan)
    except BrokenError as broken:
        plan = shrunk(plan, breaks(broken.rule)) if shrink else plan
    print(f"seed {plan.seed}, policy {plan.policy!r}")
    print(*plan.faults, *plan.deeds, sep="\n")
    print()
    try:
        live(plan, _tell)
    except BrokenError as broken:
        print(f"BROKEN: {broken.rule}")
        return 1
    print("no rule was broken")
    return 0


def _tell(now_s: float, event: Event, box: Box, effects: tuple[Effect, ...]) -> None:
    state = box.state
    lit = meaning(state, box.policy, now_s).value
    done = ", ".join(str(effect) for effect in effects)
    print(f"{now_s:10.3f}  {event} -> {state.link.state.value}/{state.recovery.phase.value}/{lit}: {done}")


if __name__ == "__main__":
    sys.exit(main())
