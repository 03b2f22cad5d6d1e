"""The log: one line an entry on standard error, a constant event name first, then fields."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import Any

log = logging.getLogger("appliance")


def set_up(level: int = logging.INFO) -> None:
    """Readable text, our own story at *level* (`VOICE_APPLIANCE_DEBUG=1`: everything of ours), libraries' warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    debug = os.environ.get("VOICE_APPLIANCE_DEBUG") == "1"
    log.setLevel(logging.DEBUG if debug else level)


def watch_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Have the loop log, with its trace, what a library's task raised and nobody awaited.

    It ends nothing: what matters of a session shows in the session, and our own tasks report for themselves.
    """

    def unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        log.error("unhandled what=%r", context.get("message"), exc_info=error)

    loop.set_exception_handler(unhandled)
