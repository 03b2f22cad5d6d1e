"""Where secrets may come from, and that none is ever shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.config.secrets import STARS, Secret
from tests.config.files import loaded, problems


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    return path


def test_a_file_of_the_owner_alone(tmp_path: Path, key_file: Path) -> None:
    for reference in (f"file:{key_file}", "file:key"):
        assert loaded(tmp_path, f'[runner]\napi_key = "{reference}"\n').runner.api_key == Secret("s3cret")
    key_file.chmod(0o400)
    assert loaded(tmp_path, '[runner]\napi_key = "file:key"\n').runner.api_key == Secret("s3cret")


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o610, 0o644, 0o666])
def test_a_wider_mode_is_an_error_that_says_how_to_cure_it(tmp_path: Path, key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    assert problems(tmp_path, '\n[runner]\napi_key = "file:key"\n') == [
        f"a.toml:3: runner.api_key: {key_file} has mode {mode:04o}, so others than its owner can read or change it;"
        f" expected mode 0600: chmod 600 {key_file}"
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"  \n", "is empty"),
        (b"a\nb\n", "has more than one line"),
        (b"a\n\n", "has more than one line"),
        (b"\xff\n", "is not UTF-8 text"),
        (b"a\x1bb\n", "holds control characters"),
        (b"a" * 20_000, "is longer than 16384 bytes"),
    ],
)
def test_a_file_that_is_no_secret(tmp_path: Path, key_file: Path, content: bytes, what: str) -> None:
    key_file.write_bytes(content)
    assert problems(tmp_path, '[runner]\napi_key = "file:key"\n') == [
        f"a.toml:2: runner.api_key: {key_file} {what}; expected a file of one line that holds the secret"
    ]


def test_windows_line_end_is_no_part_of_it(tmp_path: Path, key_file: Path) -> None:
    key_file.write_bytes(b"s3cret\r\n")
    assert loaded(tmp_path, '[runner]\napi_key = "file:key"\n').runner.api_key == Secret("s3cret")


def test_what_is_not_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (found,) = problems(tmp_path, '[runner]\napi_key = "file:pipe"\n')
    assert "pipe is not a file" in found
    (found,) = problems(tmp_path, '[runner]\napi_key = "file:none"\n')
    assert f"cannot read {tmp_path}/none: No such file" in found
    (found,) = problems(tmp_path, '[runner]\napi_key = "file:"\n')
    assert '"file:" names nothing; expected "file:PATH"' in found


def test_a_credential_of_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "runner-key").write_text("s3cret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert loaded(tmp_path, '[runner]\napi_key = "credential:runner-key"\n').runner.api_key == Secret("s3cret")
    (found,) = problems(tmp_path, '[runner]\napi_key = "credential:other"\n')
    assert f"a.toml:2: runner.api_key: cannot read {credentials}/other" in found
    for name in ("../key", "..", "/etc/passwd"):
        (found,) = problems(tmp_path, f'[runner]\napi_key = "credential:{name}"\n')
        assert "has no slash" in found


def test_a_credential_without_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (found,) = problems(tmp_path, '[runner]\napi_key = "credential:a"\n')
    assert "LoadCredential=a:PATH" in found


def test_the_secret_itself_is_refused_and_not_repeated(tmp_path: Path) -> None:
    text = (
        '[runner]\napi_key = "hunter2"\nice_servers = [{ urls = "turn:x", username = "a", credential = "hunter2" }]\n'
    )
    expected = 'the secret itself stands here; expected "file:PATH": move it to a file of mode 0600'
    assert problems(tmp_path, text) == [
        f"a.toml:2: runner.api_key: {expected}",
        f"a.toml:3: runner.ice_servers[0].credential: {expected}",
    ]


def test_headers_and_ice_servers_name_secrets_as_well(tmp_path: Path, key_file: Path) -> None:
    text = """
[runner]
headers = { X-Plain = "file:key", Cookie = "a=b", X-Site = "hall" }
ice_servers = [{ urls = "turn:x", username = "a", credential = "file:key" }]
"""
    runner = loaded(tmp_path, text).runner
    assert runner.headers == {"X-Plain": Secret("s3cret"), "Cookie": Secret("a=b"), "X-Site": "hall"}
    assert runner.ice_servers[0].credential == Secret("s3cret")


def test_a_secret_prints_as_stars() -> None:
    secret = Secret("s3cret")
    assert (str(secret), f"{secret}", repr(secret)) == (STARS, STARS, f"Secret('{STARS}')")
    assert secret.reveal() == "s3cret"
    assert secret == Secret("s3cret") != Secret("other")
    assert len({secret, Secret("s3cret")}) == 1
