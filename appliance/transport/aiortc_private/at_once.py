"""Coroutines of the library that have nothing to wait for, called without a task."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final

WAITS: Final = object()


def at_once(work: Coroutine[Any, Any, Any]) -> Any:
    """What *work* comes to, if it need not wait; else it is given up, and `WAITS` is what comes back."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    return WAITS
