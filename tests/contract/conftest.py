"""The two runners, for every suite that is held over both; and the sound server, for devices."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.alsa.server import one_sound_server, sound_server
from tests.runners import BOTH, Runner, runner

__all__ = ["one_sound_server", "sound_server"]  # pytest finds its fixtures here


@pytest.fixture(params=BOTH)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def echo(kind: str) -> AsyncIterator[Runner]:
    async with runner(kind) as r:
        yield r
