"""The live meter: what it reads, how it shows it, and how it ends."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from appliance.audio.gate import Gate
from appliance.audio.hearing import Levels
from appliance.cli import main
from appliance.cli.level import BAR, LINE_MS, Reading, line, readings
from tests.audio.sounds import Samples, hello, tone, write_wav
from tests.doubles.devices import ScriptedMicrophone

Captured = pytest.CaptureFixture[str]


class Loud:
    def hear(self, block: Samples, level_dbfs: float) -> bool:
        return bool(block.any())


def configured(folder: Path, device: str, gate: str = "") -> list[str]:
    path = folder / "appliance.toml"
    path.write_text(f'[microphone]\ndevice = "{device}"\n[speaker]\ndevice = "null"\n[gate]\n{gate}\n')
    return ["--config", str(path)]


def test_a_reading_is_the_mean_the_highest_and_whether_anything_passed() -> None:
    microphone = ScriptedMicrophone()
    microphone.open()
    sine, silence = tone(16_000, 0.02, hz=500, peak=3277), np.zeros(320, np.int16)
    microphone.give(*[silence] * 5, silence, silence, sine, sine, sine, *[silence] * 5)
    gate = Gate(Loud(), 320, pre_roll_ms=0, hang_ms=0)
    quiet, loud, fading = itertools.islice(readings(microphone, gate), 3)
    levels = [(reading.levels.rms_dbfs, reading.levels.peak_dbfs) for reading in (quiet, loud, fading)]
    assert levels[0] == levels[2] == pytest.approx((-120, -120))
    assert levels[1] == pytest.approx((-23.0 - 2.2, -20), abs=0.1)  # in three periods of five
    assert [reading.gate_open for reading in (quiet, loud, fading)] == [False, True, True]  # its votes are not over


def test_a_line_has_one_width_and_a_bar_that_grows_with_the_level() -> None:
    heard = [Levels(rms_dbfs=dbfs, peak_dbfs=min(0.0, dbfs + 6)) for dbfs in (-120, -60, -30, -10, 0)]
    shown = [line(Reading(levels, levels.rms_dbfs > -40)) for levels in heard]
    assert len({len(text) for text in shown}) == 1
    filled = [text.count("#") for text in shown]
    assert filled == sorted(filled) and filled[0] == 0 and filled[-1] == BAR - 1  # the peak's mark is on the last
    assert [text.count("|") for text in shown] == [1] * 5
    assert [" open" in text for text in shown] == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        (Levels(rms_dbfs=-30), ""),
        (Levels(rms_dbfs=-30, clipped_samples=1), "clips"),
        (Levels(rms_dbfs=-30, offset_dbfs=-20), "offset"),
        (Levels(zero_ms=LINE_MS), "zeros"),
        (Levels(frozen_ms=LINE_MS, clipped_samples=1600), "frozen"),
        (Levels(zero_ms=LINE_MS - 20), ""),
    ],
)
def test_what_is_wrong_is_told_in_a_word(levels: Levels, told: str) -> None:
    words = {"clips", "offset", "zeros", "frozen"} & set(line(Reading(levels, False)).split())
    assert words == ({told} if told else set())
    assert len(line(Reading(levels, False))) == len(line(Reading(Levels(), True)))


def test_it_shows_the_configured_microphone_and_the_gate_for_so_many_seconds(tmp_path: Path, capsys: Captured) -> None:
    path = write_wav(tmp_path / "words.wav", hello()[: 16_000 // 2], 16_000)
    assert main(["level", "--seconds", "0.5", *configured(tmp_path, f"wav:{path}", "hang_ms = 0")]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 5
    assert all(text.startswith("rms ") and " dBFS  peak " in text for text in shown)
    assert "gate open" in shown[1]


def test_the_configured_engine_is_used(tmp_path: Path, capsys: Captured) -> None:
    assert main(["level", "--seconds", "0.1", *configured(tmp_path, "silence", 'engine = "off"')]) == 0
    assert main(["level", "--seconds", "0.1", *configured(tmp_path, "silence", 'engine = "level"')]) == 0
    opened, closed = capsys.readouterr().out.splitlines()
    assert "gate open" in opened and "gate closed" in closed


def test_a_microphone_that_is_not_there_is_said(tmp_path: Path, capsys: Captured) -> None:
    assert main(["level", "--seconds", "1", *configured(tmp_path, f"wav:{tmp_path}/absent.wav")]) == 1
    assert "absent.wav" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_a_length_must_be_one(seconds: str, capsys: Captured) -> None:
    assert main(["level", f"--seconds={seconds}"]) == 2
    assert f"'{seconds}' is not a number of seconds" in capsys.readouterr().err
