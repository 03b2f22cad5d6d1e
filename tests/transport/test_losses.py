"""Sound that a network loses on its way down comes again: a session with a runner behind a relay that drops packets."""

from __future__ import annotations

import statistics

import pytest

from appliance.session.events import BotReady, BotStarted
from appliance.transport.smallwebrtc import SmallWebRtc
from tests.relay.relay import relay
from tests.runners import BOTH, runner
from tests.transport.helpers import Dial, settings

PACKETS = 150
"""Three seconds."""


@pytest.mark.parametrize("kind", BOTH)
async def test_what_is_lost_comes_again_and_before_its_turn(kind: str) -> None:
    async with runner(kind, "echo") as r:
        with relay(r.url, seed=3) as network:
            dial = Dial(SmallWebRtc(settings(network.url)))
            try:
                dial.session.start()
                dial.session.connect((await dial.expect(BotStarted)).reply)
                await dial.expect(BotReady)
                began, lost = len(dial.packets), network.counts("down").lost
                network.set("down", loss=0.1)
                await dial.until(lambda: len(dial.packets) >= began + PACKETS)
                lost = network.counts("down").lost - lost
            finally:
                await dial.end()
    numbers = [sequence for sequence, _, _ in dial.packets[began : began + PACKETS]]
    missing = set(range(min(numbers), max(numbers) + 1)) - set(numbers)
    assert lost > 5
    assert len(missing) < lost / 3, "some are lost again"
    behind = [max(numbers[:n]) - number for n, number in enumerate(numbers) if n and number < max(numbers[:n])]
    assert statistics.median(behind) <= 2, "and in time: two wait for their turn"
