"""From a file to `Settings`, or to every problem in it at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from appliance.config import rules
from appliance.config.document import Document, read
from appliance.config.kinds import Desk, KeyPath, shown
from appliance.config.schema import NAMED_TABLES, Button, Control, Light, Runner, Settings, keys_of
from appliance.config.writer import BARE_KEY, toml_key

TABLES = tuple(item.name for item in fields(Settings))


def load(path: Path) -> Settings:
    """The settings in the file at *path*, secrets resolved. Raises `ConfigError` with all its problems."""
    document = read(path)
    return _settings(document, document.tree)


def runner_only(path: Path) -> Runner:
    """`[runner]` of the file at *path*. Other tables may hold anything that is TOML. Raises `ConfigError`."""
    return _only(path, "runner").runner


def control_only(path: Path) -> Control:
    """`[control]` of the file at *path*: who only looks for the socket needs no secret. Raises `ConfigError`."""
    return _only(path, "control").control


def _only(path: Path, table: str) -> Settings:
    document = read(path)
    return _settings(document, {name: value for name, value in document.tree.items() if name == table})


def _settings(document: Document, tree: Mapping[str, Any]) -> Settings:
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    desk = Desk(folder=document.path.parent.absolute(), credentials=Path(credentials) if credentials else None)
    settings = Settings(**dict(_tables(tree, desk)))
    rules.check(settings, document, desk)
    if desk.problems:
        raise document.error(desk.problems)
    return settings


def _tables(tree: Mapping[str, Any], desk: Desk) -> Iterable[tuple[str, Any]]:
    defaults = Settings()
    for name, table in tree.items():
        if name not in TABLES:
            _unknown((name,), table, TABLES, desk)
        elif name in NAMED_TABLES:
            yield name, _named(table, (name,), getattr(defaults, name), desk) or getattr(defaults, name)
        else:
            yield name, _table(table, (name,), getattr(defaults, name), desk)


def _named(
    tables: object, key: KeyPath, defaults: Mapping[str, Button | Light], desk: Desk
) -> dict[str, Button | Light]:
    """The tables of `[buttons.NAME]` or `[lights.NAME]`. One with the name of a default one starts from it."""
    kind = str(key[0])
    if not isinstance(tables, dict):
        desk.note(key, f"{shown(tables)} is not a table", f"expected [{kind}.NAME]")
        return {}
    found = {}
    for name, table in tables.items():
        if not BARE_KEY.fullmatch(name):
            desk.note((*key, name), "cannot be a name", "expected letters, digits, - and _")
        base = defaults.get(name, NAMED_TABLES[kind]())
        if isinstance(base, Light) and isinstance(table, dict) and table.keys() & set(rules.COLOURS):
            base = replace(base, pin="")
        found[name] = _table(table, (*key, name), base, desk, header=f"{kind}.NAME")
    return found


def _table(table: object, key: KeyPath, base: Any, desk: Desk, *, header: str = "") -> Any:
    """*table* read onto *base*, which has the values of what is not given."""
    if not isinstance(table, dict):
        desk.note(key, f"{shown(table)} is not a table", f"expected [{header or key[0]}]")
        return base
    known = keys_of(base)
    values = {}
    for name, value in table.items():
        here = (*key, name)
        if name not in known:
            _unknown(here, value, tuple(known), desk)
            continue
        default = getattr(base, name)
        values[name] = known[name].kind.read(value, here, desk)
        if not known[name].built and desk.clean(here) and values[name] != default:
            desk.note(here, f"{shown(value)} is not built yet", f"expected {shown(default)}, or no {name} at all")
    return replace(base, **values)


def _unknown(key: KeyPath, value: object, known: tuple[str, ...], desk: Desk) -> None:
    from difflib import get_close_matches  # 5 ms that a right file need not pay

    name, is_table = str(key[-1]), isinstance(value, dict)
    elsewhere = [table for table in TABLES if table not in key[:1] and name in _keys_in(table)]
    if elsewhere and not is_table:
        expected = f"did you mean {name} in {' or '.join(f'[{table}]' for table in elsewhere)}?"
    elif close := get_close_matches(name, known, n=1):
        expected = f"did you mean {f'[{close[0]}]' if len(key) == 1 else close[0]}?"
    else:
        expected = "expected " + ", ".join(f"[{toml_key(item)}]" if len(key) == 1 else item for item in known)
    desk.note(key, "unknown table" if is_table else "unknown key", expected)


def _keys_in(table: str) -> Iterable[str]:
    """The keys of `[table]`, or of `[table.NAME]`."""
    return keys_of(NAMED_TABLES.get(table) or getattr(Settings(), table))
