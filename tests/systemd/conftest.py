"""What systemd's own tools say needs systemd's own tools."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(autouse=True)
def tools() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze, of the package systemd; scripts/test installs it")
