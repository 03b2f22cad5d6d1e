"""The effective configuration, for people and scripts to look at: every key, and stars for every secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from appliance.config.schema import NAMED_TABLES, Settings
from appliance.config.secrets import STARS, Secret, sounds_secret
from appliance.config.writer import toml_key, toml_value


def effective(settings: Settings) -> dict[str, Any]:
    """*settings* as JSON or TOML can carry them: names as in the file, no secret in any of it."""
    return {item.name: _plain(getattr(settings, item.name)) for item in fields(settings)}


def as_toml(settings: Settings) -> str:
    """*settings* as a file. Where it has stars it cannot be loaded again, which is meant."""
    blocks: list[str] = []
    for name, table in effective(settings).items():
        if name in NAMED_TABLES:
            blocks += [_block(f"{name}.{toml_key(inner)}", keys) for inner, keys in table.items()]
        else:
            blocks.append(_block(name, table))
    return "\n".join(blocks)


def _block(header: str, table: Mapping[str, Any]) -> str:
    return "\n".join([f"[{header}]", *(f"{toml_key(key)} = {toml_value(value)}" for key, value in table.items()), ""])


def _plain(value: Any) -> Any:
    match value:
        case Secret():
            return STARS
        case None:
            return ""
        case Mapping():
            return {name: _hidden(name, item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return value


def _hidden(name: str, value: Any) -> Any:
    """What stands under *name* in a free table: a custom runner's token may be among it."""
    return STARS if isinstance(value, str) and sounds_secret(name) else _plain(value)
