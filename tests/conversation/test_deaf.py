"""The whole appliance with a microphone that is there and hears nothing: what a person sees who holds the button."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from appliance.audio.hearing import DEAF_MS
from tests.box import RATE_HZ, box, settings
from tests.runners import runner
from tests.signals import words

WITHIN_S = DEAF_MS / 1000 + 5.0
"""A machine that others use may take its time."""


async def test_a_held_button_is_green_while_it_is_heard(tmp_path: Path) -> None:
    says = np.concatenate([np.zeros(RATE_HZ * (DEAF_MS + 1000) // 1000, np.int16), words(1.0)])
    async with runner() as r, box(settings(r.url, tmp_path, says)) as b:
        b.press()
        await b.until(type="light", meaning="listening")
        deaf = await b.until(WITHIN_S, type="light", meaning="device-missing")
        assert b.status["devices"]["microphone"]["deaf"]
        hears = await b.until(WITHIN_S, type="light", meaning="listening")
        assert hears["at_s"] > deaf["at_s"]
        assert not b.status["devices"]["microphone"]["deaf"]
        b.release()
        await b.until(type="turn", event="stop")
        lights = [lit for lit in b.told("light", "meaning") if lit in ("listening", "device-missing")]
        assert lights == ["listening", "device-missing", "listening"]


async def test_one_that_is_silent_for_ever_is_seen_the_next_day(tmp_path: Path) -> None:
    async with runner() as r, box(settings(r.url, tmp_path)) as b:
        b.press()
        await b.until(type="light", meaning="listening")
        await b.until(WITHIN_S, type="light", meaning="device-missing")
        b.release()
        await b.until(type="turn", event="stop")
        await b.hang_up()
        assert (b.status["light"]["meaning"], b.status["devices"]["microphone"]["deaf"]) == ("device-missing", True)
        assert b.told("error", "source") == ["device"], "said once"
        assert b.told("light", "meaning").count("device-missing") == 1, "and shown ever since"


async def test_hands_free_a_silent_room_is_listened_to(tmp_path: Path) -> None:
    async with runner() as r, box(settings(r.url, tmp_path, mode="open")) as b:
        b.tap("session")
        await b.ready()
        assert "exact zeros" in (await b.until(WITHIN_S, type="error", source="device"))["message"]
        assert (b.status["light"]["meaning"], b.status["devices"]["microphone"]["deaf"]) == ("listening", True)
