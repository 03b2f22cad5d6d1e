"""What a process has open, so that a test can say that nothing was left over."""

from __future__ import annotations

import asyncio
import gc
import threading
from dataclasses import dataclass
from pathlib import Path

DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Open:
    """How many there are of what must not grow."""

    tasks: int
    threads: int
    descriptors: int

    @classmethod
    def now(cls) -> Open:
        # The loop keeps the threads of its executor, up to a bound; what uses them here is a runner's own encoder.
        threads = [thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
        return cls(len(asyncio.all_tasks()), len(threads), len(list(Path("/proc/self/fd").iterdir())))

    def within(self, other: Open) -> bool:
        return self.tasks <= other.tasks and self.threads <= other.threads and self.descriptors <= other.descriptors


async def settled(before: Open) -> None:
    """Until there is no more of anything than *before*. The other end of the same process lets go in its own time."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not Open.now().within(before):
                gc.collect()
                await asyncio.sleep(0.02)  # threads and descriptors tell nobody of their end
    except TimeoutError:
        tasks = [task.get_name() for task in asyncio.all_tasks()]
        raise AssertionError(f"{before} became {Open.now()}; tasks: {tasks}, {threading.enumerate()}") from None
