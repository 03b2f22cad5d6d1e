"""The two runners, for every suite that is held over both."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.runners import BOTH, Runner, runner


@pytest.fixture(params=BOTH)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def echo(kind: str) -> AsyncIterator[Runner]:
    async with runner(kind) as r:
        yield r
