"""What a link counts about itself. Pure; written by its session alone, read by anybody."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class LinkCounters:
    """Whole numbers since the session was made."""

    pings: int = 0
    pings_late: int = 0
    """Gaps of more than 2 s between two pings: at 3 s the runner throws away sound and messages."""
    messages: dict[str, int] = field(default_factory=dict)
    """Messages understood, by the name of their event or RTVI type. Bounded by the table of types."""
    messages_unknown: int = 0
    messages_malformed: int = 0
    messages_unsent: int = 0
    """Ours that found no open channel and no room to wait for one."""
    renegotiations_ignored: int = 0
    packets_sent: int = 0
    bytes_sent: int = 0
    packets_unsent: int = 0
    """Given to the link and not sent: it was closed, the wire was gone or full, or the loop was behind by 15 s."""
    copies_sent: int = 0
    """Packets that were sent again, not counted above."""
    copies_bytes: int = 0
    """Of those: whole datagrams, without UDP and IP."""
    packets_missed: int = 0
    """That never came, in spite of copies, by the other end's reports."""
    packets_received: int = 0
    bytes_received: int = 0
    packets_empty: int = 0
    """Padding only, no sound."""

    def count_message(self, name: str) -> None:
        self.messages[name] = self.messages.get(name, 0) + 1
