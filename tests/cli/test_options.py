"""How commands find the configuration and the running appliance."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from appliance.cli import options
from appliance.cli.options import add_socket, make_demo_folder, sockets
from appliance.errors import ConfigError, UnavailableError


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any appliance."""
    monkeypatch.delenv("VOICE_APPLIANCE_SOCKET", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    monkeypatch.setattr(options, "DEFAULT_CONFIG", tmp_path / "default.toml")


def asked(*words: str) -> list[str]:
    parser = argparse.ArgumentParser()
    add_socket(parser)
    return [str(path) for path in sockets(parser.parse_args(words))]


def test_in_the_order_option_variable_configuration_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = "/run/user/1/voice-appliance.sock"
    assert asked() == ["/run/voice-appliance/control.sock", demo]
    (tmp_path / "default.toml").write_text(
        '[control]\nsocket = "/a"\n[nonsense]\n[runner]\napi_key = "file:/nowhere"\n'
    )
    assert asked() == ["/a", demo]
    (tmp_path / "other.toml").write_text('[control]\nsocket = "/b"\n')
    assert asked("--config", str(tmp_path / "other.toml")) == ["/b", demo]
    monkeypatch.setenv("VOICE_APPLIANCE_SOCKET", "/c")
    assert asked() == ["/c"]
    assert asked("--socket", "/d") == ["/d"]


def test_a_wrong_file_matters_only_when_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "default.toml").write_text("wrong")
    assert asked()[0] == "/run/voice-appliance/control.sock"
    with pytest.raises(ConfigError):
        asked("--config", str(tmp_path / "none.toml"))


def test_the_demo_without_a_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_demo_folder() == Path("/run/user/1")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert asked()[1] == f"/tmp/voice-appliance-{os.getuid()}/voice-appliance.sock"
    folder = tmp_path / "demo"
    monkeypatch.setattr(options, "_demo_folder", lambda: folder)
    assert make_demo_folder() == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert make_demo_folder() == folder
    folder.chmod(0o755)
    with pytest.raises(UnavailableError, match="is not a folder of yours alone"):
        make_demo_folder()


def test_the_demo_folder_may_not_be_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    (tmp_path / "private").mkdir(mode=0o700)
    (tmp_path / "demo").symlink_to(tmp_path / "private")
    monkeypatch.setattr(options, "_demo_folder", lambda: tmp_path / "demo")
    with pytest.raises(UnavailableError):
        make_demo_folder()
