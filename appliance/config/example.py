"""The commented configuration file with every key at its default: `python -m appliance.config.example`.

`config/appliance.toml` in the repository is this text, and a test holds it so.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from appliance.config.keys import Key, keys_of
from appliance.config.kinds import Choice, shown
from appliance.config.schema import NAMED_TABLES, Settings
from appliance.config.show import effective
from appliance.config.writer import toml_value

HEAD = """\
# The configuration of a voice appliance: every key, at its default.
#
# Keep what differs for you and leave the rest out; an empty file is a right one. After a change:
#
#     voice-appliance check --config FILE
#
# A line that begins with # and no space behind it is an example: take away its #, and the default above it.
"""
WIDTH = 110


def render() -> str:
    """The text of the file."""
    settings = Settings()
    lines = [HEAD]
    for item in fields(Settings):
        table = getattr(settings, item.name)
        values = effective(settings)[item.name]
        if item.name in NAMED_TABLES:
            for name, inner in table.items():
                lines += _table(f"{item.name}.{name}", inner, values[name])
        else:
            lines += _table(item.name, table, values)
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(header: str, table: Any, values: dict[str, Any]) -> Iterator[str]:
    yield from _comment(str(type(table).__doc__))
    yield f"[{header}]"
    for name, key in keys_of(table).items():
        yield from _comment(key.doc)
        line, limits = f"{name} = {toml_value(values[name])}", _limits(key)
        if len(line) + len(limits) + 4 <= WIDTH:
            yield f"{line}  # {limits}"
        else:
            yield from (*_comment(limits), line)
        yield from (f"#{name} = {example}" for example in key.examples)
    yield ""


def _limits(key: Key) -> str:
    """What may stand there, and what may not yet."""
    later = ", ".join(shown(name) for name in key.kind.later) if isinstance(key.kind, Choice) else ""
    return key.kind.expected + (f"; not built yet: {later}" if later else "")


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


if __name__ == "__main__":
    sys.stdout.write(render())
