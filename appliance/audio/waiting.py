"""The packets that wait to be played, by number. Pure; it decides nothing but which one is missed least."""

from __future__ import annotations

from typing import Final

SILENT_BYTES: Final = 3
"""A packet of no more than that says nothing, whoever sent it."""


class Waiting:
    """Its length is that of the packets in it."""

    def __init__(self) -> None:
        self._packets: dict[int, bytes] = {}
        self._dropped: set[int] = set()  # from between others

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def first(self) -> int:
        """Of those that wait; there must be one."""
        return min(self._packets)

    def put(self, number: int, payload: bytes) -> None:
        self._packets[number] = payload

    def take(self, number: int) -> bytes | None:
        return self._packets.pop(number, None)

    def look(self, number: int) -> bytes | None:
        """As `take`, but it stays."""
        return self._packets.get(number)

    def was_dropped(self, number: int) -> bool:
        """Whether it is missing by our own doing. To be asked once, in order."""
        if number not in self._dropped:
            return False
        self._dropped = {later for later in self._dropped if later > number}
        return True

    def least_missed(self) -> int:
        """The first that is silent, else the first."""
        return min(self._packets, key=lambda number: (len(self._packets[number]) > SILENT_BYTES, number))

    def drop(self, number: int) -> None:
        """Let go of one. Of one from between others `was_dropped` knows, until it is asked for a later one."""
        if number != self.first:
            self._dropped.add(number)
        del self._packets[number]

    def clear(self) -> None:
        self._packets.clear()
        self._dropped.clear()
