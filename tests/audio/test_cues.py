"""The shipped sounds, and those of a person's own."""

from __future__ import annotations

import logging
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from appliance.audio.cues import LONGEST_S, SHIPPED, load_cues
from appliance.session.effects import Cue
from tests.audio.sounds import tone
from tests.box import write_wav

ROOT = Path(__file__).parents[2]


def test_the_shipped_ones_are_what_the_script_makes(tmp_path: Path) -> None:
    subprocess.run([ROOT / "scripts" / "make-cues", tmp_path], check=True, capture_output=True, timeout=30)
    assert {path.stem for path in tmp_path.iterdir()} == {cue.value for cue in Cue}
    for made in tmp_path.iterdir():
        with wave.open(str(made)) as new, wave.open(str(SHIPPED / made.name)) as old:
            assert new.getparams() == old.getparams()
            one, other = (np.frombuffer(file.readframes(10**6), "<i2").astype(int) for file in (new, old))
            assert np.abs(one - other).max() <= 1, "another machine's sine may round another way"


def test_they_are_short_differ_and_begin_and_end_without_a_click() -> None:
    sounds = load_cues({cue: SHIPPED / f"{cue.value}.wav" for cue in Cue}, 1.0, 48_000)
    assert sounds.keys() == set(Cue)
    for sound in sounds.values():
        assert len(sound) < 48_000 and 8_000 < np.abs(sound).max() < 16_000
        assert np.abs(sound[[0, -1]]).max() < 100
    assert len({sound.tobytes() for sound in sounds.values()}) == len(Cue)


def test_one_s_own_is_converted_made_quieter_and_cut(tmp_path: Path) -> None:
    own = write_wav(tmp_path / "own.wav", tone(16_000, 5.0, peak=20_000))
    sound = load_cues({Cue.LOST: own}, 0.5, 48_000)[Cue.LOST]
    assert sound.dtype == np.int16
    assert len(sound) == pytest.approx(LONGEST_S * 48_000, abs=100)
    assert np.abs(sound).max() == pytest.approx(10_000, rel=0.02)


def test_what_cannot_be_played_is_told_of_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "bad.wav").write_bytes(b"ID3 this is an mp3")
    files = {Cue.LOST: tmp_path / "bad.wav", Cue.MUTED: tmp_path / "none.wav", Cue.RELEASED: SHIPPED / "released.wav"}
    with caplog.at_level(logging.ERROR):
        sounds = load_cues(files, 1.0, 48_000)
    assert list(sounds) == [Cue.RELEASED]
    assert caplog.text.count("cue_left_out") == 2
