"""Fifty presses of all kinds with the real runner's bot: no word is lost, and every turn is closed behind its words.

`scripts/bench words` does a thousand.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.box import box, settings
from tests.presses import FileMouth, Outcome, Person, Press, deal, words_of
from tests.relay.relay import Relay, relays
from tests.runners import pipecat, runner
from tests.voices import voices

SEED = 1
BOXES = 5
PRESSES = 50
SEAM_MS = 1.0
"""Words that were kept are joined to those said later without a gap or an overlap."""


@pytest.mark.runner
@voices
@pytest.mark.timeout(240)
async def test_no_word_of_fifty_presses_is_lost(tmp_path: Path) -> None:
    dealt = deal(PRESSES, SEED)
    for press in dealt:
        words_of(press)  # spoken beforehand, which takes a while
    folders = [tmp_path / str(number) for number in range(BOXES)]
    for folder in folders:
        folder.mkdir()
    async with runner("pipecat", bot="mute") as r:
        with relays([r.url] * BOXES) as networks:
            done = await asyncio.gather(
                *(
                    one_box(network, folder, dealt[n::BOXES])
                    for n, (network, folder) in enumerate(zip(networks, folders, strict=True))
                )
            )
    outcomes = [outcome for outcomes in done for outcome in outcomes]
    assert len(outcomes) == PRESSES
    wrong = [outcome for outcome in outcomes if not outcome.good]
    assert not wrong, "\n".join(map(str, wrong))
    assert all(outcome.shift_ms < SEAM_MS for outcome in outcomes)


async def one_box(network: Relay, folder: Path, presses: list[Press]) -> list[Outcome]:
    path = folder / "says.wav"
    async with box(settings(network.url, folder, words_of(presses[0]).samples)) as b:
        person = Person(b, network, FileMouth(path), pipecat().kept)
        outcomes = [await person.do(press) for press in presses]
        await person.hang_up()
    return outcomes
