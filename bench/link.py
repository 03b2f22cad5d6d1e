"""What befalls a link, for `bench recovery`: a real runner that dies or freezes, and a network that can be broken."""

from __future__ import annotations

from functools import partial

from bench.plays import Group, Plays, Row, on_loop
from tests import runners
from tests.faults import scene
from tests.faults.link import CASES
from tests.faults.lived import Lived
from tests.faults.scene import Case


def why_not() -> str | None:
    if not runners.PIPECAT_PYTHON.exists():
        return "needs the real Pipecat runner; scripts/test runner makes its environment"
    return None


def _play(case: Case, times: int) -> Plays:
    async def once(_number: int) -> Lived:
        async with scene.scene(case.bot) as s:
            return await case.fault(s)

    return on_loop(times, once)


GROUP = Group("link", why_not, tuple(Row(case.name, partial(_play, case)) for case in CASES))
