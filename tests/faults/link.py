"""What can befall a link, on real parts: a network that loses and comes back, and all that befalls a runner (`phases`).

Each fault is a function that plays it once on a `Scene` and returns what the person at the box lived through. The
tests hold one of each to its promise; `bench recovery` plays them many times and prints the table.
"""

from __future__ import annotations

import asyncio

from tests.faults import phases
from tests.faults.lived import Lived
from tests.faults.scene import Case, Scene


async def blackout(s: Scene, for_s: float = 3.0) -> Lived:
    """No packet of the connection comes through, in neither direction; the runner can be asked."""
    await s.in_session()
    s.strikes()
    s.net.blackout(for_s)
    await asyncio.sleep(for_s)  # the fault itself
    return await s.over()


async def deaf(s: Scene) -> Lived:
    """Nothing comes up for 3 s."""
    await s.in_session()
    s.strikes()
    s.net.blackout(3.0, "up")
    await asyncio.sleep(3.0)  # the fault itself
    return await s.over()


async def rough(s: Scene) -> Lived:
    """Four seconds on a thin line that loses, doubles and overtakes: no reason to let go of a bot."""
    await s.in_session()
    s.strikes()
    s.net.set("both", loss=0.02, duplicate=0.1, reorder=0.1, delay_ms=40, rate_kbit_s=160)
    await s.converse()
    await asyncio.sleep(4.0)  # the fault itself
    s.net.set("both")
    return await s.over()


async def network_out(s: Scene, for_s: float = 3.0) -> Lived:
    """Nothing at all comes through."""
    await s.in_session()
    s.strikes()
    s.net.http("blackhole")
    s.net.blackout(for_s)
    await asyncio.sleep(for_s)  # the fault itself
    s.net.http("pass")
    return await s.over()


async def long_network_out(s: Scene) -> Lived:
    """Longer than anything is ridden out."""
    return await network_out(s, 12.0)


async def network_out_while_a_person_speaks(s: Scene) -> Lived:
    """The same with the button held, from before it to after it: one turn, and no word is lost."""
    await s.in_session()
    s.box.press()
    await s.box.until(type="light", meaning="listening")
    s.strikes()
    s.net.http("blackhole")
    s.net.blackout(3.0)
    await asyncio.sleep(3.0)  # the fault itself
    s.net.http("pass")
    over_s = s.now_s()
    await s.ready_again()
    s.box.release()
    await s.box.until(type="turn", event="stop", delivered=True)
    return s.lived(over_s)


CASES = (
    *phases.CASES,
    Case(name="no packets for 3 s", fault=blackout, noticed=False, same_bot=True),
    Case(name="no packets upwards for 3 s", fault=deaf, noticed=False, same_bot=True),
    Case(name="a thin line that loses, doubles and overtakes", fault=rough, noticed=False, same_bot=True, talks=True),
    Case(name="no network for 3 s", fault=network_out, noticed=False, same_bot=True),
    Case(
        name="no network for 3 s while a person speaks",
        fault=network_out_while_a_person_speaks,
        noticed=False,
        same_bot=True,
        talks=True,
    ),
    Case(name="no network for 12 s", fault=long_network_out, same_bot=True),
)
