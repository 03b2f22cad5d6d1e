"""On which line does a key stand? Needed only when something is wrong with it, and for a text that is valid TOML.

`tomllib` does not tell. So the text is cut into its statements, which takes no more than knowing strings, comments and
brackets, and each statement is read by `tomllib` alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from appliance.config.kinds import KeyPath

_TOKEN = re.compile(
    r'''
      """(?:\\.|[^\\])*?"{3,5}   # up to two quotes may touch the closing three
    | \'\'\'.*?\'{3,5}
    | "(?:\\.|[^"\\\n])*"
    | '[^'\n]*'
    | \#[^\n]*
    | [\[\]{}\n]
    ''',
    re.VERBOSE | re.DOTALL,
)


def lines_of(text: str) -> dict[KeyPath, int]:
    """The line, from 1, on which each key and table of *text* first appears. Inside a value all have the key's line."""
    lines: dict[KeyPath, int] = {}
    tables: dict[KeyPath, int] = {}  # arrays of tables, and how many there are so far
    header: KeyPath = ()
    for line, statement in _statements(text.replace("\r\n", "\n")):
        if statement.startswith("["):
            header = _header(statement, tables)
            for length in range(1, len(header) + 1):
                lines.setdefault(header[:length], line)
        else:
            for key in _keys(tomllib.loads(statement), header):
                lines.setdefault(key, line)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each table header and each `key = value` of *text*, with the line it begins on."""
    line, begin, depth = 1, 0, 0
    first_line = line
    for token in _TOKEN.finditer(text + "\n"):
        match token[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if depth == 0:
                statement = text[begin : token.start()].strip()
                if statement and not statement.startswith("#"):
                    yield first_line, statement
                begin, first_line = token.end(), line + 1
        line += token[0].count("\n")


def _header(statement: str, tables: dict[KeyPath, int]) -> KeyPath:
    """Where the table of a header stands, indices of arrays of tables included. Counts it in *tables*."""
    names = list(_keys(tomllib.loads(statement), ()))[-1]
    is_array = statement.startswith("[[")
    if is_array:
        names = names[:-1]  # the index, 0 when the header is read alone
    key: KeyPath = ()
    for position, name in enumerate(names, 1):
        key = (*key, name)
        if key in tables and (position < len(names) or not is_array):
            key = (*key, tables[key] - 1)
    if is_array:
        tables[key] = tables.get(key, 0) + 1
        key = (*key, tables[key] - 1)
    return key


def _keys(value: object, above: KeyPath) -> Iterator[KeyPath]:
    """Everything that has a name or an index in *value*, outer ones first."""
    items: Iterator[tuple[str | int, object]]
    match value:
        case dict():
            items = iter(value.items())
        case list():
            items = enumerate(value)
        case _:
            return
    for name, item in items:
        yield (*above, name)
        yield from _keys(item, (*above, name))
