"""The shipped file against the schema: neither can change without the other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from appliance.config.example import render
from appliance.config.load import load
from appliance.config.schema import Settings
from appliance.config.show import effective
from tests.config.files import loaded

SHIPPED = Path(__file__).parents[2] / "config" / "appliance.toml"
TEXT = SHIPPED.read_text()
EXAMPLES = [line for line in TEXT.splitlines() if re.match(r"#\S", line)]


def test_the_file_is_what_the_schema_says() -> None:
    assert render() == TEXT, "run: .venv/bin/python -m appliance.config.example > config/appliance.toml"


def test_the_file_is_the_defaults() -> None:
    assert load(SHIPPED) == Settings()


def test_every_key_stands_in_it_and_no_other() -> None:
    given, known = tomllib.loads(TEXT), effective(Settings())
    assert {table: list(keys) for table, keys in given.items()} == {table: list(keys) for table, keys in known.items()}
    assert given == known


def test_every_key_is_explained() -> None:
    lines = TEXT.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\w+ = ", line):
            assert lines[number - 1].startswith("# "), line
            assert line.count("  # ") == 1 or lines[number - 2].startswith("# "), f"no limits: {line}"


@pytest.mark.parametrize("line", [line for line in EXAMPLES if not re.match("#(red|green|blue) ", line)])
def test_an_example_can_be_used(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the head of the file says: its # taken away, and the default above it."""
    for name in ("runner-key", "turn", "runner.key"):
        (tmp_path / name).write_text("s3cret")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "bye.wav").write_bytes(b"RIFF")
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    used = line.removeprefix("#")
    name = used.partition(" = ")[0]
    before, _, after = TEXT.partition(line)
    default = before.rindex(f"\n{name} = ") + 1
    text = before[:default] + before[before.index("\n", default) + 1 :] + used + after
    if name == "offer_url":
        text = text.replace('start = "start-and-connect"  #', 'start = "connect"  #')
    assert loaded(tmp_path, text) != Settings()


def test_the_colours_can_be_used(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^(red|green|blue) = .*\n", "", TEXT)
    text = re.sub(r"(?m)^#(?=red|green|blue)", "", text)
    text = re.sub(r"(?ms)(\[lights\.status\].*?)^pin = .*?$", r"\1", text)
    light = loaded(tmp_path, text).lights["status"]
    assert (light.pin, light.red, light.green, light.blue) == ("", 5, 6, 13)
    assert len(EXAMPLES) > 10
