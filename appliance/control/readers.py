"""The readers of `GET /v1/events`: each event is encoded once, and nobody who reads slowly holds up anybody.

Event loop only. Nothing of HTTP: a reader is a bounded queue of lines, and what cuts its connection.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

LINES_MAX = 256
"""What waits for one reader, beside what the kernel and the connection hold: some minutes of events, under 100 KiB."""
READERS_MAX = 32
"""A script that forgets its readers must not use up the descriptors."""


def encode(event: Mapping[str, Any]) -> bytes:
    """*event* as one line of JSON."""
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


class Reader:
    """One reader's lines. *cut* is called once, when the reader has fallen too far behind."""

    def __init__(self, cut: Callable[[], None]) -> None:
        self._cut = cut
        self._lines: deque[bytes] = deque()
        self._woken = asyncio.Event()
        self._ended = False

    def put(self, line: bytes) -> bool:
        """Queue *line*. False: there is no room, the reader has been cut off and holds nothing any more."""
        if len(self._lines) >= LINES_MAX:
            self._lines.clear()
            self.end()
            self._cut()
            return False
        self._lines.append(line)
        self._woken.set()
        return True

    def end(self) -> None:
        """No line will follow those that wait."""
        self._ended = True
        self._woken.set()

    async def lines(self) -> bytes:
        """What waits, one or more whole lines, waiting for the first. Empty: the end."""
        while not self._lines and not self._ended:
            self._woken.clear()
            await self._woken.wait()
        waiting = b"".join(self._lines)
        self._lines.clear()
        return waiting


class Readers:
    """All readers. `publish` is the appliance's listener."""

    def __init__(self) -> None:
        self._readers: set[Reader] = set()

    @property
    def full(self) -> bool:
        return len(self._readers) >= READERS_MAX

    def publish(self, event: dict[str, Any]) -> None:
        """Hand *event* to every reader. Does not block."""
        if not self._readers:
            return
        line = encode(event)
        self._readers -= {reader for reader in self._readers if not reader.put(line)}

    def add(self, reader: Reader) -> None:
        self._readers.add(reader)

    def discard(self, reader: Reader) -> None:
        self._readers.discard(reader)

    def end(self) -> None:
        """End all."""
        for reader in self._readers:
            reader.end()
