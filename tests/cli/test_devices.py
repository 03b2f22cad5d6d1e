"""The list of sound devices, as a person and as a script read it."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path

import pytest

from appliance.audio import alsa_cards, alsa_library
from appliance.audio.alsa_list import Found
from appliance.cli import main
from appliance.cli.devices import lines
from tests.doubles.alsa import FakeAlsa


@pytest.fixture
def alsa(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAlsa:
    fake = FakeAlsa(rates_hz=(44_100, 48_000))
    monkeypatch.setitem(sys.modules, "alsaaudio", fake)
    monkeypatch.setattr(alsa_library, "_hush", lambda: None)
    monkeypatch.setattr(alsa_cards, "PROC", tmp_path)
    return fake


def test_for_a_person(alsa: FakeAlsa, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices"]) == 0
    listed = "  default  what ALSA is set to; 44100, 48000 Hz; 1 or 2 channels\n"
    no_card = "no sound card was found; 'wav:PATH', 'silence' and 'null' need none\n"
    assert capsys.readouterr().out == f"microphones:\n{listed}speakers:\n{listed}{no_card}"


def test_for_a_script(alsa: FakeAlsa, capsys: pytest.CaptureFixture[str]) -> None:
    alsa.error = errno.EBUSY
    assert main(["devices", "--json"]) == 0
    busy = {
        "device": "default",
        "about": "what ALSA is set to",
        "rates_hz": [],
        "channels": [],
        "problem": "busy, another program uses it; end that first",
    }
    assert json.loads(capsys.readouterr().out) == {"microphones": [busy], "speakers": [busy]}


def test_what_a_line_says() -> None:
    every = Found(device="plug", about="any", rates_hz=(8_000, 16_000, 44_100, 48_000))
    assert list(
        lines(
            [
                every,
                Found(device="card:A", about="a card", rates_hz=(48_000,), channels=(1,)),
                Found(device="card:B", about="another", rates_hz=(48_000,), channels=(2, 4, 6, 8)),
                Found(device="x", about="away", problem="no such card"),
            ]
        )
    ) == [
        "plug    any; 8000 to 48000 Hz; any channels",
        "card:A  a card; 48000 Hz; 1 channel",
        "card:B  another; 48000 Hz; 2 to 8 channels",
        "x       away; cannot be used: no such card",
    ]


def test_without_alsas_library(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "alsaaudio", None)
    assert main(["devices"]) == 69
    assert capsys.readouterr().err.startswith("voice-appliance: devices needs pyalsaaudio, which cannot be loaded (")
