"""A changed file takes effect, a wrong one does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.config.load import load
from appliance.config.schema import Settings
from appliance.errors import ApplianceError, ConfigError
from appliance.reloading import Reloading
from appliance.service.systemd import Notifier


class Box:
    """The file, and what takes the settings."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "a.toml"
        self.write("")
        self.taken: list[Settings] = []
        self.notified: list[str] = []
        self.reloading = Reloading(load(self.path), self.path, Notifier(self.notified.append))
        self.reloading.connect(self.taken.append)

    def write(self, text: str) -> None:
        self.path.write_text(text)


@pytest.fixture
async def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


async def test_what_can_change_is_applied_and_the_rest_is_named(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.write('[talk]\ntime_out_s = 30\n[microphone]\ndevice = "silence"\n')
    with caplog.at_level(logging.INFO):
        assert await box.reloading.reload() == {"applied": ["talk.time_out_s"], "restart": ["microphone.device"]}
    (taken,) = box.taken
    assert (taken.talk.time_out_s, taken.microphone.device) == (30.0, "default")
    assert box.reloading.config()["talk"]["time_out_s"] == 30.0
    assert box.reloading.config()["microphone"]["device"] == "default"
    assert "reloaded applied=talk.time_out_s restart=microphone.device" in caplog.text


async def test_nothing_is_applied_when_nothing_can_be(box: Box) -> None:
    assert await box.reloading.reload() == {"applied": [], "restart": []}
    box.write('[microphone]\ndevice = "silence"\n')
    assert await box.reloading.reload() == {"applied": [], "restart": ["microphone.device"]}
    assert box.taken == []


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        (lambda path: path.write_text("[talk]\ntime_out_s = 0\nmod = 1\n"), 2),
        (lambda path: path.write_text("[talk\n"), 1),
        (lambda path: path.write_bytes(b"\xff"), 1),
        (remove, 1),
    ],
)
async def test_a_wrong_file_changes_nothing(
    box: Box, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object], problems: int
) -> None:
    box.write("[talk]\ntime_out_s = 30\n")
    await box.reloading.reload()
    spoil(box.path)
    with pytest.raises(ConfigError) as wrong:
        await box.reloading.reload()
    assert len(wrong.value.problems) == problems
    assert len(box.taken) == 1 and box.reloading.config()["talk"]["time_out_s"] == 30.0
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(told) == problems + 1 and told[-1].startswith(f"reload_refused problems={problems} ")
    box.write("[talk]\ntime_out_s = 40\n")
    assert await box.reloading.reload() == {"applied": ["talk.time_out_s"], "restart": []}


async def test_systemd_hears_of_it_whatever_comes_of_it(box: Box) -> None:
    await box.reloading.reload()
    box.write("[talk\n")
    with pytest.raises(ConfigError):
        await box.reloading.reload()
    assert [text.splitlines()[0] for text in box.notified] == ["RELOADING=1", "READY=1"] * 2


async def test_two_at_once_come_one_after_the_other(box: Box) -> None:
    box.write("[talk]\ntime_out_s = 30\n")
    first, second = await asyncio.gather(box.reloading.reload(), box.reloading.reload())
    assert (first["applied"], second["applied"]) == (["talk.time_out_s"], [])
    assert [text.splitlines()[0] for text in box.notified] == ["RELOADING=1", "READY=1"] * 2


async def test_before_it_runs_and_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(ApplianceError, match="without a file"):
        await Reloading(Settings()).reload()
    with pytest.raises(ApplianceError, match="still starting"):
        await Reloading(Settings(), tmp_path / "a.toml").reload()
