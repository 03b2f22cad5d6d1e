"""From a file to `Settings`, or to every problem in it at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from appliance.config import rules
from appliance.config.boards import board_file
from appliance.config.document import Document, read
from appliance.config.keys import keys_of
from appliance.config.kinds import Desk, KeyPath, shown
from appliance.config.schema import NAMED_TABLES, Button, Control, Light, Runner, Settings
from appliance.config.writer import BARE_KEY, toml_key
from appliance.errors import ConfigError

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
    board: dict[str, dict[str, Button | Light]] = {}
    of_board: list[str] = []
    try:
        board = _board(tree, desk.folder)
    except ConfigError as error:
        of_board = error.problems
    settings = Settings(**{**board, **dict(_tables(tree, board, desk))})
    rules.check(settings, document, desk)
    if desk.problems or of_board:
        raise ConfigError([*(document.error(desk.problems).problems if desk.problems else ()), *of_board])
    return settings


def _board(tree: Mapping[str, Any], folder: Path) -> dict[str, dict[str, Button | Light]]:
    """Buttons and lights of the board that `[board] profile` names; empty: it names none. Raises `ConfigError`."""
    table = tree.get("board")
    profile = table.get("profile") if isinstance(table, dict) else None
    path = board_file(profile, folder) if isinstance(profile, str) else None
    if path is None:
        return {}
    document, desk = read(path), Desk(folder=path.parent, credentials=None)
    for name, value in document.tree.items():
        if name not in NAMED_TABLES:
            _unknown((name,), value, tuple(NAMED_TABLES), desk)
    found = {name: _named(document.tree.get(name, {}), (name,), {}, desk) for name in NAMED_TABLES}
    rules.check_board(replace(Settings(), **found), document, desk)  # type: ignore[arg-type]
    if desk.problems:
        raise document.error(desk.problems)
    return found


def _tables(
    tree: Mapping[str, Any], board: Mapping[str, dict[str, Button | Light]], desk: Desk
) -> Iterable[tuple[str, Any]]:
    defaults = Settings()
    for name, table in tree.items():
        if name not in TABLES:
            _unknown((name,), table, TABLES, desk)
        elif name in board:
            yield name, {**board[name], **_named(table, (name,), board[name], desk)}
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
        elif isinstance(base, Light) and isinstance(table, dict) and "pin" in table:
            base = replace(base, red="", green="", blue="")
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
        values[name] = known[name].kind.read(value, here, desk)
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
