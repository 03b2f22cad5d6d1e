"""The effective configuration: nothing left out, no secret in it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from appliance.config.schema import Settings
from appliance.config.secrets import STARS
from appliance.config.show import as_toml, effective
from appliance.config.writer import toml_text, toml_value
from tests.config.files import loaded


def test_what_is_shown_can_be_loaded_again(tmp_path: Path) -> None:
    text = """
[runner]
request_data = { a = [1, 2.5, true, "é\\n\\u0007"], "b c" = {} }
ice_servers = [{ urls = ["stun:x"] }]
[talk]
backlog_s = 0.1
[buttons.a]
[lights.b]
red = 1
green = 2
blue = 3
"""
    settings = loaded(tmp_path, text)
    assert loaded(tmp_path, as_toml(settings)) == settings
    assert loaded(tmp_path, as_toml(Settings())) == Settings()


def test_no_secret_is_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2")
    (tmp_path / "key").chmod(0o600)
    text = """
[runner]
api_key = "file:key"
headers = { Authorization = "hunter2", X-Api-Key = "hunter2", X-A = "file:key", Cookie = "hunter2" }
request_data = { api_token = "hunter2", deep = [{ password = "hunter2", room = "hall" }] }
ice_servers = [{ urls = "turn:x", username = "a", credential = "file:key" }]
"""
    settings = loaded(tmp_path, text)
    for shown in (as_toml(settings), json.dumps(effective(settings)), repr(settings.runner.headers)):
        assert "hunter2" not in shown
    runner = effective(settings)["runner"]
    assert runner["api_key"] == STARS
    assert runner["headers"] == dict.fromkeys(["Authorization", "X-Api-Key", "X-A", "Cookie"], STARS)
    assert runner["request_data"] == {"api_token": STARS, "deep": [{"password": STARS, "room": "hall"}]}
    assert runner["ice_servers"] == [{"urls": ["turn:x"], "username": "a", "credential": STARS}]


@given(st.text())
def test_texts_survive_and_print(text: str) -> None:
    written = toml_text(text)
    assert tomllib.loads(f"a = {written}")["a"] == text
    assert written.isprintable()


SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_values_survive(value: object) -> None:
    assert tomllib.loads(f"a = {toml_value(value)}")["a"] == value
