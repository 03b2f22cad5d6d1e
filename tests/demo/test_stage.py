"""What the demonstration plays on: a sound card as far as there is one, and files for the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.audio.alsa_cards import Way
from appliance.config.schema import Runner
from appliance.demo import stage
from appliance.errors import DeviceError, UnavailableError


class Pcm:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def on_card(monkeypatch: pytest.MonkeyPatch, *ways: Way) -> tuple[str, str, list[Pcm]]:
    """The devices for microphone and speaker on a machine whose card opens *ways*, and what was opened."""
    opened: list[Pcm] = []

    def open_pcm(_alsa: Any, device: Any, _want: Any) -> tuple[Pcm, None]:
        if device.way not in ways:
            raise DeviceError("no such card")
        opened.append(Pcm())
        return opened[-1], None

    monkeypatch.setattr(stage, "load", lambda why: "alsa")
    monkeypatch.setattr(stage, "open_pcm", open_pcm)
    found = stage.with_card(stage.settings(Runner(), Path("a.sock")))
    return found.microphone.device, found.speaker.device, opened


@pytest.mark.parametrize("ways", [(), (Way.CAPTURE,), (Way.PLAYBACK,), (Way.CAPTURE, Way.PLAYBACK)])
def test_a_card_as_far_as_there_is_one(monkeypatch: pytest.MonkeyPatch, ways: tuple[Way, ...]) -> None:
    microphone, speaker, opened = on_card(monkeypatch, *ways)
    assert microphone == ("default" if Way.CAPTURE in ways else f"wav:{stage.SENTENCE}")
    assert speaker == ("default" if Way.PLAYBACK in ways else "wav:heard.wav")
    assert len(opened) == len(ways) and all(pcm.closed for pcm in opened)


def test_without_the_library_there_is_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(why: str) -> Any:
        raise UnavailableError(why)

    monkeypatch.setattr(stage, "load", load)
    plain = stage.settings(Runner(), Path("a.sock"))
    assert stage.with_card(plain) == plain


def test_a_button_of_each_role() -> None:
    buttons = stage.settings(Runner(), Path("a.sock")).buttons
    assert {name: button.role for name, button in buttons.items()} == {
        "talk": "talk",
        "session": "session",
        "tap": "combined",
        "mute": "mute",
    }
