"""The file itself: read, decoded and parsed, or refused in words. Knows TOML, not what may stand in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.config.kinds import KeyPath, Problem
from appliance.config.lines import lines_of
from appliance.config.writer import toml_key
from appliance.errors import ConfigError

LARGEST_FILE_BYTES = 65_536
"""Ten times the commented file with every key. A log or an image named by mistake is not parsed."""

DEEPEST = 32
"""Tables in tables. What a person nests stays far below; what comes after may then recurse."""

_AT_LINE = re.compile(r"\s*\(at line (\d+), column (\d+)\)")
_AT_END = "(at end of document)"


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is TOML."""

    path: Path
    text: str
    tree: dict[str, Any]

    def given(self, key: KeyPath) -> bool:
        """Whether *key* stands in the file."""
        value: Any = self.tree
        for name in key:
            if not isinstance(value, dict) or name not in value:
                return False
            value = value[name]
        return True

    def error(self, problems: list[Problem]) -> ConfigError:
        """*problems* with their lines, sorted by them."""
        lines = lines_of(self.text)
        placed = sorted(((_line(problem.key, lines), problem) for problem in problems), key=lambda item: item[0])
        return ConfigError(
            [
                f"{self.path}:{line}: {_dotted(problem.key)}: {problem.what}; {problem.expected}"
                for line, problem in placed
            ]
        )


def read(path: Path) -> Document:
    """The document at *path*. Raises `ConfigError` when there is none, or it is not TOML."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            [f"{path}: cannot be read: {reason}; expected a TOML file, --config names another"]
        ) from error
    if len(content) > LARGEST_FILE_BYTES:
        raise ConfigError([f"{path}: longer than {LARGEST_FILE_BYTES} bytes; expected a TOML file of settings"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}:{line}: syntax: not UTF-8 text; expected TOML in UTF-8"]) from None
    return Document(path=path, text=text, tree=_parse(path, text))


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        tree = tomllib.loads(text)
    except RecursionError:
        too_deep = True
    except ValueError as error:  # TOMLDecodeError is one; so is what Python says of a number with too many digits
        line, what = _where(str(error), text)
        raise ConfigError([f"{path}:{line}: syntax: {what}; expected TOML"]) from error
    else:
        too_deep = _deeper(tree, DEEPEST)
    if too_deep:
        raise ConfigError([f"{path}:1: syntax: tables nested too deeply; expected at most {DEEPEST} in each other"])
    return tree


def _where(message: str, text: str) -> tuple[int, str]:
    """The line of a parser's *message*, and what remains of it."""
    if found := _AT_LINE.search(message):
        return int(found[1]), f"{message[: found.start()]} (column {found[2]})"
    if _AT_END in message:
        return text.rstrip("\n").count("\n") + 1, message.replace(_AT_END, "(at the end of the file)")
    return 1, message


def _deeper(tree: object, limit: int) -> bool:
    """Whether *tree* is nested more than *limit* times. Does not recurse: dotted keys may nest thousands of times."""
    level = [tree]
    for _ in range(limit):
        level = [
            item
            for outer in level
            for item in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
        ]
    return bool(level)


def _line(key: KeyPath, lines: dict[KeyPath, int]) -> int:
    """The line of *key*, or of the innermost table around it that is in the file."""
    return next((lines[key[:length]] for length in range(len(key), 0, -1) if key[:length] in lines), 1)


def _dotted(key: KeyPath) -> str:
    text = "".join(f"[{name}]" if isinstance(name, int) else f".{toml_key(name)}" for name in key)
    return text.removeprefix(".")
