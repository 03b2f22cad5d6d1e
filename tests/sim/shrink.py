"""A plan that breaks a rule, cut down to what it needs to break the same one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.sim.life import BrokenError, live
from tests.sim.plans import Plan

Fails = Callable[[Plan], bool]


def breaks(rule: str) -> Fails:
    """Whether a plan breaks *rule*; a plan that breaks another one is another story."""

    def fails(plan: Plan) -> bool:
        try:
            live(plan)
        except BrokenError as broken:
            return broken.rule == rule
        return False

    return fails


def shrunk(plan: Plan, fails: Fails) -> Plan:
    """*plan* without the faults and deeds that can be left out, in halves at first, then one by one, until none can."""
    while True:
        smaller = _without(_without(plan, "faults", fails), "deeds", fails)
        if smaller == plan:
            return plan
        plan = smaller


def _without(plan: Plan, name: str, fails: Fails) -> Plan:
    size = max(len(getattr(plan, name)) // 2, 1)
    while True:
        start = 0
        while start < len(items := getattr(plan, name)):
            changes: dict[str, Any] = {name: items[:start] + items[start + size :]}
            candidate = replace(plan, **changes)
            if fails(candidate):
                plan = candidate
            else:
                start += size
        if size == 1:
            return plan
        size //= 2
