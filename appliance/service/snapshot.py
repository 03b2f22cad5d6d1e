"""What every task and every thread is doing just now, into the log: for a process that seems to hang."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from appliance.telling import tell

log = logging.getLogger("appliance")

FRAMES_MAX = 12
"""Of each stack, from the innermost: enough to see who waits for what, and one line of a journal."""


def log_snapshot(loop: asyncio.AbstractEventLoop) -> None:
    """One entry for each task of *loop* and each thread, innermost frame first. On the loop's thread."""
    for task in sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name()):
        places = [(frame, frame.f_lineno) for frame in _awaiting(task)]
        tell(log, logging.INFO, "task", name=task.get_name(), stack=_stack(places))
    frames = sys._current_frames()
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        walked = [] if frame is None else list(traceback.walk_stack(frame))
        tell(log, logging.INFO, "thread", name=thread.name, daemon=thread.daemon, stack=_stack(walked))


def _awaiting(task: asyncio.Task[object]) -> list[FrameType]:
    """The frames of the coroutines that *task* is in, innermost first."""
    found: list[FrameType] = []
    waiting: object = task.get_coro()
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
        if frame is not None:
            found.append(frame)
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
    return found[::-1]


def _stack(frames: Iterable[tuple[FrameType, int]]) -> str:
    places = [f"{Path(frame.f_code.co_filename).name}:{line}:{frame.f_code.co_name}" for frame, line in frames]
    more = [] if len(places) <= FRAMES_MAX else [f"{len(places) - FRAMES_MAX} more"]
    return " < ".join(places[:FRAMES_MAX] + more)
