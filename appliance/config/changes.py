"""What differs between two configurations, and which of it can take effect without a restart. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from appliance.config.schema import NAMED_TABLES, Settings

_ALL = frozenset({"*"})
LIVE: Mapping[str, frozenset[str]] = {
    "runner": frozenset(
        {"url", "start", "connect_by", "offer_url", "request_data", "start_data", "api_key", "headers", "ice_servers"}
    ),
    "session": _ALL,
    "talk": frozenset({"message", "release_tail_ms", "release_tail_max_ms", "time_out_s"}),
    "uplink": frozenset({"jump", "copies"}),
    "reconnect": _ALL,
    "speaker": frozenset({"volume"}),
    "echo": frozenset({"mode"}),
}
"""The keys that `app` can apply to a running appliance. What is not here needs a restart."""
_EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The keys that differ, as `table.key` or `table.NAME.key`, in the order of the file; and the settings in effect
    once `applied` has been applied."""

    applied: tuple[str, ...]
    restart: tuple[str, ...]
    effective: Settings


def changes(old: Settings, new: Settings) -> Changes:
    """What is to be done about *new* by an appliance that runs by *old*."""
    applied: list[str] = []
    restart: list[str] = []
    tables: dict[str, Any] = {}
    for item in fields(Settings):
        before, after = getattr(old, item.name), getattr(new, item.name)
        if item.name in NAMED_TABLES:
            restart += _named(item.name, before, after)
            continue
        differ = _differ(before, after)
        live = [key for key in differ if _is_live(item.name, key, getattr(before, key), getattr(after, key))]
        tables[item.name] = replace(before, **{key: getattr(after, key) for key in live})
        applied += [f"{item.name}.{key}" for key in live]
        restart += [f"{item.name}.{key}" for key in differ if key not in live]
    return Changes(applied=tuple(applied), restart=tuple(restart), effective=replace(old, **tables))


def _is_live(table: str, key: str, before: object, after: object) -> bool:
    if (table, key) == ("runner", "url") and _EMBEDDED in (before, after):
        return False  # the embedded runner is started with the process
    keys = LIVE.get(table, frozenset())
    return keys is _ALL or key in keys


def _differ(before: Any, after: Any) -> list[str]:
    return [item.name for item in fields(before) if getattr(before, item.name) != getattr(after, item.name)]


def _named(table: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Of `[buttons.NAME]` and `[lights.NAME]`: one that came or went counts as a whole."""
    found = []
    for name in dict.fromkeys((*before, *after)):
        if name in before and name in after:
            found += [f"{table}.{name}.{key}" for key in _differ(before[name], after[name])]
        else:
            found.append(f"{table}.{name}")
    return found
