"""What a key of the configuration is: a field of a settings class, with what is known of it. They stand in `schema`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TypeVar

from appliance.config.kinds import Kind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of one key beside its name, type and default. *examples* are values as TOML text."""

    kind: Kind
    doc: str
    examples: tuple[str, ...] = ()


def key(default: T, kind: Kind, doc: str, *, examples: tuple[str, ...] = ()) -> T:
    """A field of the settings, with what is known of it."""
    metadata = {"key": Key(kind, doc, examples)}
    if isinstance(default, dict):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)


def keys_of(table: object) -> dict[str, Key]:
    """The keys of a table, in their order. *table* is a class of settings, or an object of one."""
    return {item.name: item.metadata["key"] for item in fields(table)}  # type: ignore[arg-type]
