"""What a log entry is: a constant event name, then fields. How it is written, and where to, is `service.logs`' affair.

Every entry of ours is made by `tell`, so that the fields stay fields in the journal and in JSON.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """The message of a log record. As text: `event key=value ...`, on one line."""

    event: str
    fields: Mapping[str, Any]

    def __str__(self) -> str:
        return " ".join([self.event, *(f"{name}={shown(value)}" for name, value in self.fields.items())])


def tell(
    log: logging.Logger, level: int, event: str, /, *, trace: BaseException | bool | None = None, **fields: Any
) -> None:
    """Log *event* with *fields* (names in lower case, unit last). *trace*: an exception, or True for the present one.

    Any thread. Raises nothing that a handler does not raise.
    """
    if log.isEnabledFor(level):
        log.log(level, Entry(event, fields), exc_info=trace, stacklevel=2)


def shown(value: object) -> str:
    """*value* in one word if it is one, else quoted; what a terminal would not print as itself is escaped."""
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    text = str(value)
    plain = text.isprintable() and " " not in text and '"' not in text and "'" not in text
    return text if plain and text else repr(text)
