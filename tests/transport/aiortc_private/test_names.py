"""The private names of aiortc, and that each is looked for."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from aiortc import RTCDtlsTransport

from appliance.errors import UnavailableError
from appliance.transport import aiortc_private
from appliance.transport.aiortc_private.names import NAMES, PINNED, verify


def test_the_installed_aiortc_has_them_all() -> None:
    verify()


@pytest.mark.parametrize(("owner", "function", "name"), NAMES)
def test_each_missing_name_is_told(monkeypatch: pytest.MonkeyPatch, owner: type, function: str, name: str) -> None:
    def other(self: object) -> None:
        """Uses nothing."""

    monkeypatch.setattr(owner, function, other)
    with pytest.raises(UnavailableError) as caught:
        verify()
    message = str(caught.value)
    assert f"{owner.__name__}.{function}: {name}" in message
    assert f"aiortc {PINNED} is not built like {PINNED}" in message
    assert message.endswith(f"install aiortc=={PINNED}")


def test_a_missing_function_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(RTCDtlsTransport, "_send_rtp")
    with pytest.raises(UnavailableError, match="it lacks RTCDtlsTransport"):
        verify()


def test_the_pin_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert f"aiortc=={PINNED}" in project["project"]["dependencies"]


def test_the_names_are_used_nowhere_else() -> None:
    folder = Path(aiortc_private.__file__).parent
    for path in folder.parent.glob("*.py"):
        text = path.read_text()
        assert not [name for _, _, name in NAMES if name != "transport" and name in text], path.name
