"""The keepalive: "ping: <ms>" at once and every second.

The runner believes in us for 3 s after a ping; then it throws away the bot's sound and our messages without a word.
So the beat has a task of its own that waits for nothing but time, and a beat that came late is counted and logged: it
means that something held up the loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from appliance.telling import tell
from appliance.transport.counters import LinkCounters
from appliance.transport.rtvi import ping
from appliance.units import Seconds

PERIOD_S: Seconds = 1.0
LATE_S: Seconds = 2.0
"""Two thirds of the runner's patience."""
TOO_LATE_S: Seconds = 3.0
"""All of it."""

_log = logging.getLogger(__name__)


async def run_pings(
    say: Callable[[str], object],
    counters: LinkCounters,
    *,
    too_late: Callable[[], None],
    clock: Callable[[], Seconds] = time.monotonic,
    wall: Callable[[], Seconds] = time.time,
    sleep: Callable[[Seconds], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Ping by *say* until cancelled. A beat that was missed is not made up for; the rhythm starts anew.

    *too_late* is called after a beat that came later than the runner waits for it. It must not raise.
    """
    last_s = due_s = clock()
    while True:
        now_s = clock()
        gap_s = now_s - last_s
        if gap_s > LATE_S:
            counters.pings_late += 1
            tell(_log, logging.WARNING, "ping_late", gap_s=round(gap_s, 1), late=counters.pings_late)
        say(ping(int(wall() * 1000)))
        counters.pings += 1
        if gap_s > TOO_LATE_S:
            too_late()
        last_s = now_s
        due_s = due_s + PERIOD_S if due_s + PERIOD_S > now_s else now_s + PERIOD_S
        await sleep(due_s - now_s)
