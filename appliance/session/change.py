"""What `dataclasses.replace` does, for frozen records with slots and no `__post_init__`, in less than half the time.

The machine makes several new records in each step, and nothing else costs it as much.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

Record = TypeVar("Record")


def changed(record: Record, changes: dict[str, Any]) -> Record:
    """*record* with *changes*, which name some of its fields.

    Raises `KeyError` for a name that is none of its fields.
    """
    kind: Any = type(record)
    read, setters = _slots(kind)
    new: Record = object.__new__(kind)
    for write, value in zip(setters.values(), read(record), strict=True):
        write(new, value)
    for name, value in changes.items():
        setters[name](new, value)
    return new


@cache
def _slots(kind: type[Any]) -> tuple[Callable[[Any], tuple[Any, ...]], dict[str, Callable[[Any, Any], None]]]:
    """What reads all fields of a record at once, and what writes each of a new one past its being frozen."""
    names = [item.name for item in fields(kind)]
    return attrgetter(*names), {name: getattr(kind, name).__set__ for name in names}
