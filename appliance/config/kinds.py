"""Kinds of values: each reads one value of the file, or notes what is wrong with it and what was expected.

A kind knows nothing of the key it serves, nor of lines: `schema` says which key has which kind, `load` finds the lines.
Kinds that are more than one plain value stand in `compound`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from appliance.config.writer import toml_text, toml_value

KeyPath = tuple[str | int, ...]
"""Where a value stands in the file: `("runner", "ice_servers", 0, "urls")`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at *key*, in words: *what*, and what was *expected* instead."""

    key: KeyPath
    what: str
    expected: str


@dataclass(slots=True)
class Desk:
    """What is needed while one file is read: where relative names start, and the problems found so far."""

    folder: Path
    credentials: Path | None
    problems: list[Problem] = field(default_factory=list)

    def note(self, key: KeyPath, what: str, expected: str) -> None:
        self.problems.append(Problem(key, what, expected))

    def clean(self, *keys: KeyPath) -> bool:
        """Whether nothing was found at *keys*, or below them."""
        return not any(problem.key[: len(key)] == key for problem in self.problems for key in keys)


class Kind(Protocol):
    """Reads the values of a key."""

    @property
    def expected(self) -> str:
        """What may stand there, to follow the word "expected"."""
        ...

    def read(self, value: object, key: KeyPath, desk: Desk) -> Any:
        """*value* as the settings have it. What is wrong is noted at *desk*; the result is then not to be used."""
        ...


def shown(value: object) -> str:
    """*value* as it may stand in a message: as TOML has it, and short."""
    match value:
        case str():
            return toml_text(value if len(value) <= 40 else value[:37] + "...")
        case int() if value.bit_length() > 128:
            return "a very large number"  # Python refuses to print the largest
        case int() | float():
            return toml_value(value)
        case dict():
            return "a table"
        case list():
            return "an array"
    return "a date or time"


def plain_text(text: str) -> bool:
    """Whether *text* is free of control characters, so that it can stand in a message, a header or a name."""
    return not any(character < " " or character == "\x7f" for character in text)


@dataclass(frozen=True, slots=True)
class Flag:
    expected: str = "true or false"

    def read(self, value: object, key: KeyPath, desk: Desk) -> bool:
        if not isinstance(value, bool):
            desk.note(key, f"{shown(value)} is neither true nor false", "expected true or false")
        return value is True


@dataclass(frozen=True, slots=True)
class Number:
    """A number from *low* to *high*, both included. Whole numbers serve as well."""

    low: float
    high: float
    unit: str = ""

    @property
    def expected(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}{self.unit and ' ' + self.unit}"

    def read(self, value: object, key: KeyPath, desk: Desk) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            desk.note(key, f"{shown(value)} is not a number", f"expected {self.expected}")
        elif isinstance(value, float) and not math.isfinite(value):
            desk.note(key, f"{shown(value)} is not a finite number", f"expected {self.expected}")
        elif not self.low <= value <= self.high:
            desk.note(key, f"{shown(value)} is out of range", f"expected {self.expected}")
        else:
            return float(value)
        return self.low


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from *low* to *high*, both included."""

    low: int
    high: int
    unit: str = ""

    @property
    def expected(self) -> str:
        return f"a whole number from {self.low} to {self.high}{self.unit and ' ' + self.unit}"

    def read(self, value: object, key: KeyPath, desk: Desk) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            desk.note(key, f"{shown(value)} is not a whole number", f"expected {self.expected}")
        elif not self.low <= value <= self.high:
            desk.note(key, f"{shown(value)} is out of range", f"expected {self.expected}")
        else:
            return value
        return self.low


@dataclass(frozen=True, slots=True)
class Choice:
    """One of *built*. Those of *later* are known, but cannot be used yet."""

    built: tuple[str, ...] | tuple[int, ...]
    later: tuple[str, ...] = ()
    unit: str = ""

    @property
    def expected(self) -> str:
        *most, last = [shown(choice) for choice in self.built]
        return (f"{', '.join(most)} or {last}" if most else last) + (self.unit and " " + self.unit)

    def read(self, value: object, key: KeyPath, desk: Desk) -> Any:
        # True == 1, and 20.0 == 20: the type is part of the choice.
        if value in self.built and type(value) is type(self.built[0]):
            return value
        what = "not built yet" if value in self.later else "not one of the choices"
        desk.note(key, f"{shown(value)} is {what}", f"expected {self.expected}")
        return self.built[0]


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text. *empty* says what the empty one means, where it means something."""

    like: str = "a text"
    empty: str = ""

    @property
    def expected(self) -> str:
        return self.like + (f', or "" for {self.empty}' if self.empty else "")

    def read(self, value: object, key: KeyPath, desk: Desk) -> str:
        if not isinstance(value, str):
            desk.note(key, f"{shown(value)} is not a text", f"expected {self.expected}")
        elif not value.strip() and not (value == "" and self.empty):
            desk.note(key, f"{shown(value)} is empty", f"expected {self.expected}")
        elif not plain_text(value):
            desk.note(key, f"{shown(value)} holds a control character", f"expected {self.expected}")
        else:
            return value
        return ""
