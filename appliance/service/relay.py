"""A call whose taker comes later: what a board has to say while the rest is still being made is kept, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Relay:
    """Loop only."""

    def __init__(self) -> None:
        self._taker: Callable[..., object] | None = None
        self._kept: list[tuple[Any, ...]] = []

    def __call__(self, *args: Any) -> None:
        if self._taker is None:
            self._kept.append(args)
        else:
            self._taker(*args)

    def connect(self, taker: Callable[..., object]) -> None:
        """Hand over what was kept, and everything from now on. Once."""
        self._taker = taker
        for args in self._kept:
            taker(*args)
        self._kept.clear()
