"""A configuration written for one test, and the problems found in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.load import load
from appliance.config.schema import Settings
from appliance.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    """A file in *folder* that holds *text*."""
    path = folder / "a.toml"
    path.write_bytes(text.encode())
    return path


def loaded(folder: Path, text: str) -> Settings:
    return load(written(folder, text))


def problems(folder: Path, text: str) -> list[str]:
    """The lines of the error that *text* must raise, without the folder."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    return [line.removeprefix(f"{folder}/") for line in caught.value.problems]
