"""Events, effects, state and policy as JSON values, and back. What is one of a union is told by its class's name.

A field that a record of another version lacks takes its default; one that is unknown here is an error, for to leave it
out would be to replay something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from appliance.errors import ApplianceError
from appliance.session.effects import Effect
from appliance.session.events import Event

_PLAIN = (NoneType, bool, int, float, str)


class RecordError(ApplianceError):
    """What was read is no record of ours. Ends a replay with one line."""


def encode(value: Any) -> Any:
    """*value* (a frozen record, an enum, a set, a mapping, a plain value) as JSON has it."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {item.name: encode(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(encode(item) for item in value)
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def encode_named(value: Event | Effect) -> dict[str, Any]:
    """One of a union: `{"ButtonPressed": {"name": "talk", ...}}`."""
    return {type(value).__name__: encode(value)}


def decode(hint: Any, value: Any) -> Any:
    """The value of type *hint* that *value* stands for. Raises `RecordError`."""
    origin = get_origin(hint)
    if hint is Any:
        return value
    if origin in (Union, UnionType):
        return _decode_one_of(get_args(hint), value)
    if origin is Literal:
        return _expect(value, value in get_args(hint), f"one of {get_args(hint)}")
    if origin is frozenset:
        _expect(value, isinstance(value, list), "a list")
        return frozenset(decode(get_args(hint)[0], item) for item in value)
    if origin is tuple:
        _expect(value, isinstance(value, list), "a list")
        return tuple(decode(get_args(hint)[0], item) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        return _expect(value, isinstance(value, dict), "an object")
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(_expect(value, value in {member.value for member in hint}, _a(hint)))
    if is_dataclass(hint):
        return _decode_record(hint, value)
    if hint is float:
        return float(_expect(value, isinstance(value, int | float) and not isinstance(value, bool), "a number"))
    fits = isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
    return _expect(value, fits, _a(hint))


def decode_event(value: Any) -> Event:
    """What `encode_named` made of an event. Raises `RecordError`."""
    by_name = {kind.__name__: kind for kind in get_args(Event)}
    _expect(value, isinstance(value, dict) and len(value) == 1, "an object with the name of one event")
    ((name, inside),) = value.items()
    _expect(name, name in by_name, "the name of an event")
    event: Event = decode(by_name[name], inside)
    return event


def _decode_one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None and NoneType in kinds:
        return None
    rest = [kind for kind in kinds if kind is not NoneType]
    for kind in rest[:-1]:
        try:
            return decode(kind, value)
        except RecordError:
            continue
    return decode(rest[-1], value)


def _decode_record(kind: Any, value: Any) -> Any:
    _expect(value, isinstance(value, dict), _a(kind))
    hints = _hints(kind)
    for name in value:
        _expect(name, name in hints, f"a field of {kind.__name__}")
    try:
        return kind(**{name: decode(hints[name], item) for name, item in value.items()})
    except TypeError as error:  # a field without a default is missing
        raise RecordError(f"an incomplete {kind.__name__}: {error}") from error


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _expect(value: Any, fits: bool, expected: str) -> Any:
    if not fits:
        raise RecordError(f"{str(value)[:80]!r} where {expected} was expected")
    return value


def _a(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'aeiouAEIOU' else 'a'} {kind.__name__}"
