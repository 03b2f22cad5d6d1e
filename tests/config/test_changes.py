"""What a changed file changes: at once, after a restart, or not at all."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from appliance.config.changes import LIVE, changes
from appliance.config.keys import keys_of
from appliance.config.schema import NAMED_TABLES, Button, Light, Settings
from appliance.config.secrets import Secret

OLD = Settings()


def but(table: str, **values: Any) -> Settings:
    return replace(OLD, **{table: replace(getattr(OLD, table), **values)})


def test_nothing() -> None:
    found = changes(OLD, Settings())
    assert (found.applied, found.restart, found.effective) == ((), (), OLD)


def test_what_can_change_is_in_effect_and_the_rest_stays_as_it_was() -> None:
    new = replace(but("talk", time_out_s=30.0, backlog_s=5.0), speaker=replace(OLD.speaker, device="null", volume=0.1))
    found = changes(OLD, new)
    assert found.applied == ("talk.time_out_s", "speaker.volume")
    assert found.restart == ("talk.backlog_s", "speaker.device")
    assert found.effective.talk == replace(OLD.talk, time_out_s=30.0)
    assert found.effective.speaker == replace(OLD.speaker, volume=0.1)
    again = changes(found.effective, new)
    assert (again.applied, again.restart) == ((), found.restart), "still named, until it is restarted"


@pytest.mark.parametrize(
    ("old", "new", "live"),
    [
        ("embedded", "http://a", False),
        ("http://a", "embedded", False),
        ("http://a", "http://b", True),
    ],
)
def test_the_embedded_runner_comes_and_goes_with_the_process(old: str, new: str, live: bool) -> None:
    found = changes(but("runner", url=old), but("runner", url=new))
    assert (found.applied, found.restart) == ((("runner.url",), ()) if live else ((), ("runner.url",)))


def test_a_new_secret_is_a_change_and_is_not_shown() -> None:
    found = changes(but("runner", api_key=Secret("old")), but("runner", api_key=Secret("new")))
    assert found.applied == ("runner.api_key",)
    assert "new" not in repr(found)


def test_buttons_and_lights_are_named() -> None:
    new = replace(
        OLD,
        buttons={"talk": Button(pin=18, pull="down"), "mute": Button(role="session")},
        lights={"other": Light()},
    )
    found = changes(OLD, new)
    assert found.applied == ()
    assert found.restart == ("buttons.talk.pin", "buttons.talk.pull", "buttons.mute", "lights.status", "lights.other")
    assert found.effective == OLD


def test_every_live_key_is_a_key() -> None:
    tables = {item.name for item in fields(Settings)} - NAMED_TABLES.keys()
    for table, keys in LIVE.items():
        assert table in tables
        assert keys == {"*"} or keys <= keys_of(getattr(OLD, table)).keys()
