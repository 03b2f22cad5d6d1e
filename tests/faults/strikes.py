"""What befalls a real runner: it dies, stands still, or is restarted as a service is. Each returns when it was over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from tests.faults.scene import Scene

PATIENCE_S = 3.0
"""Of who restarts a runner politely, before it is killed: it does not end while it has a bot. Real ones have 10 s and
more, which changes nothing but the time that this takes."""


async def _killed(s: Scene) -> float:
    """It is started again once that was noticed."""
    await s.kill()
    while not s.noticed:
        await s.box.until(type="state")
    return await s.start_again()


async def _restarted(s: Scene) -> float:
    """It is asked to end, and takes nobody any more; after a while it is killed."""
    s.there.ask_to_end()
    await asyncio.to_thread(s.there.wait_ended, PATIENCE_S)
    if not s.noticed:
        s.strikes()  # it has done its work until now
    return await _killed(s)


async def _frozen(s: Scene, for_s: float) -> float:
    s.there.freeze()
    await asyncio.sleep(for_s)  # the fault itself
    s.there.thaw()
    return s.now_s()


KILLED, RESTARTED, MOMENT, LONG = "killed", "restarted", "frozen for 3 s", "frozen for 12 s"
STRIKES: dict[str, Callable[[Scene], Awaitable[float]]] = {
    KILLED: _killed,
    RESTARTED: _restarted,
    MOMENT: partial(_frozen, for_s=3.0),
    LONG: partial(_frozen, for_s=12.0),
}
