"""Boards of a file: those that come with the program, and a person's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.boards import SHIPPED, board_names
from appliance.config.schema import Button, Light
from tests.config.files import loaded, problems


def own_board(folder: Path, text: str) -> None:
    (folder / "boards").mkdir()
    (folder / "boards" / "mine.toml").write_text(text)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_a_board_that_is_shipped_can_be_used(path: Path, tmp_path: Path) -> None:
    settings = loaded(tmp_path, f'[board]\nprofile = "{path.stem}"\n')
    assert settings.buttons["talk"].pin != ""
    assert loaded(tmp_path, f'[board]\nprofile = "{path.name}"\n').buttons == settings.buttons
    assert path.read_text().startswith("# ")


def test_a_board_brings_its_buttons_and_lights_and_nothing_of_the_defaults(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[board]\nprofile = "aiy-voice-hat"\n')
    assert settings.buttons == {"talk": Button(role="combined", pin=23)}
    assert settings.lights == {"status": Light(pin=25)}


def test_what_a_person_writes_adds_to_the_board_and_wins(tmp_path: Path) -> None:
    buttons = '[buttons.talk]\nrole = "session"\n[buttons.mute]\nrole = "mute"\npin = 4\n'
    lights = "[lights.status]\nactive_low = true\n"
    settings = loaded(tmp_path, f'[board]\nprofile = "button-and-rgb"\n{buttons}{lights}')
    assert settings.buttons == {"talk": Button(role="session", pin=17), "mute": Button(role="mute", pin=4)}
    assert settings.lights == {"status": Light(red=5, green=6, blue=13, active_low=True)}


def test_one_lamp_takes_the_place_of_three(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[board]\nprofile = "button-and-rgb"\n[lights.status]\npin = 27\n')
    assert settings.lights == {"status": Light(pin=27)}


def test_a_board_beside_the_configuration_is_found_first(tmp_path: Path) -> None:
    own_board(tmp_path, "[buttons.go]\npin = 2\n")
    (tmp_path / "boards" / "aiy-voice-hat.toml").write_text("[buttons.stop]\npin = 3\n")
    assert list(loaded(tmp_path, '[board]\nprofile = "mine"\n').buttons) == ["go"]
    assert list(loaded(tmp_path, '[board]\nprofile = "aiy-voice-hat"\n').buttons) == ["stop"]
    assert board_names(tmp_path) == ["aiy-voice-hat", "button-and-rgb", "mine"]


WRONG = {
    "no TOML": ("[buttons\n", 1, "syntax: "),
    "no pin": ("[buttons.go]\nrole = 'talk'\n", 1, "buttons.go: has no pin; "),
    "light without a pin": ("[lights.a]\nbrightness = 1\n", 1, "lights.a: has no pin; "),
    "one pin twice": (
        "[buttons.a]\npin = 3\n[buttons.b]\npin = 3\n",
        4,
        "buttons.b.pin: pin 3 is taken by buttons.a; ",
    ),
    "another table": ("[talk]\nmode = 'hold'\n", 1, "talk: unknown table; expected [buttons], [lights]"),
    "a slip": ("[buttons.a]\npim = 3\n", 2, "buttons.a.pim: unknown key; did you mean pin?"),
}


@pytest.mark.parametrize(("text", "line", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_slip_in_a_board_is_told_with_its_own_file_and_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    own_board(tmp_path, text)
    found = problems(tmp_path, '[board]\nprofile = "mine"\n')
    assert any(problem.startswith(f"boards/mine.toml:{line}: {message}") for problem in found), found
    assert all(problem.startswith("boards/mine.toml:") for problem in found)


def test_slips_in_both_files_are_told_at_once(tmp_path: Path) -> None:
    own_board(tmp_path, "[buttons.a]\npin = 99\n")
    places = [line.partition(": ")[0] for line in problems(tmp_path, '[board]\nprofile = "mine"\n[talk]\nmode = 1\n')]
    assert places == ["a.toml:4", "boards/mine.toml:2"]
