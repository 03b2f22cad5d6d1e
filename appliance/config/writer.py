"""Values and keys as TOML has them. For files and for messages: nothing unprintable comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def toml_text(text: str) -> str:
    """*text* as a basic string. What a terminal would not print as itself is escaped."""
    return '"' + "".join(character if _harmless(character) else _escaped(character) for character in text) + '"'


def toml_key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else toml_text(key)


def toml_value(value: object) -> str:
    """*value* on one line. Numbers without a fraction lose their point: the schema takes either. None, a secret and
    whatever else TOML has no word for are the caller's to replace."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return repr(value).removesuffix(".0")
        case int():
            return str(value)
        case str():
            return toml_text(value)
        case Mapping():
            pairs = ", ".join(f"{toml_key(str(key))} = {toml_value(item)}" for key, item in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case Sequence():
            return f"[{', '.join(toml_value(item) for item in value)}]"
    raise TypeError(f"no TOML for {type(value).__name__}")


def _harmless(character: str) -> bool:
    return character.isprintable() and character not in _SHORT


def _escaped(character: str) -> str:
    code = ord(character)
    return _SHORT.get(character) or (f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
