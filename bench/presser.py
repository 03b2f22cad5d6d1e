"""Some boxes of `bench words`, in a process of their own: `python -m bench.presser PLAN`.

PLAN is the JSON of a `Plan`. The presses come as JSON on standard input; what came of each goes to standard output, a
line of JSON each.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from appliance.config.schema import Settings
from tests.alsa.room import WAY_S, Mouth
from tests.bots.recording import Kept
from tests.box import box, settings
from tests.presses import FileMouth, Person, Press, words_of
from tests.relay.relay import Relay, relays
from tests.words import Speech


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    url: str
    recordings: str
    """The folder of the bots' recordings."""
    boxes: int
    alsa: bool
    """The sound cards are those of `bench.room`, else files."""


class AlsaMouth:
    """Speaks into the room of `bench.room`. The box hears it a while later, so it is given that time."""

    def __init__(self, mouth: Mouth) -> None:
        self._mouth = mouth

    def prepare(self, said: Speech) -> None:
        self._said = said

    async def speak(self, seconds: float, *, on: bool = False) -> None:
        if not on:
            self._mouth.say(self._said.samples)
        await asyncio.sleep(seconds if on else WAY_S + seconds)


def settings_of(plan: Plan, network: Relay, folder: Path) -> Settings:
    chosen = settings(network.url, folder, words_of(Press("warm", 1)).samples, request_data={"bot": "mute"})
    if not plan.alsa:
        return chosen
    microphone, speaker = replace(chosen.microphone, device="mic"), replace(chosen.speaker, device="spk")
    return replace(chosen, microphone=microphone, speaker=speaker)


async def one_box(plan: Plan, network: Relay, folder: Path, presses: Sequence[Press]) -> None:
    with contextlib.ExitStack() as stack:
        mouth: FileMouth | AlsaMouth = FileMouth(folder / "says.wav")
        if plan.alsa:
            mouth = AlsaMouth(stack.enter_context(contextlib.closing(Mouth())))
        async with box(settings_of(plan, network, folder)) as b:
            person = Person(b, network, mouth, lambda session: Kept(Path(plan.recordings), session))
            for press in presses:
                print(json.dumps(asdict(await person.do(press))), flush=True)
            await person.hang_up()


async def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    presses = [Press(**press) for press in json.load(sys.stdin)]
    with contextlib.ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="presser-"))) for _ in range(plan.boxes)]
        networks = stack.enter_context(relays([plan.url] * plan.boxes))
        await asyncio.gather(
            *(
                one_box(plan, network, folder, presses[number :: plan.boxes])
                for number, (network, folder) in enumerate(zip(networks, folders, strict=True))
            )
        )


if __name__ == "__main__":
    asyncio.run(main())
