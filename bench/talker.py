"""One client's part of `bench wire`, in a process of its own: `python -m bench.talker appliance|bare PLAN`.

PLAN is the JSON of a `Plan`. The client says `says.wav` in its folder while its bot reads aloud. A line comes when the
first word is said; the last line is the JSON of a `Talked`. What was heard is then in `heard.npz` in the folder.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.client import SETTLE_S, MakeClient, maker

AFTERWARDS_S = 1.5
"""What comes late comes within that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    url: str
    folder: str
    """For sound; a client's own, with `says.wav`."""
    read: str
    """The file that the bot reads."""
    seconds: float
    """How long the words take."""


@dataclass(frozen=True, slots=True)
class Talked:
    mouth_s: float
    """The first sample was said, monotonic."""
    released_s: float
    account: dict[str, Any]
    """See `Client.account`."""


async def talk(make: MakeClient, plan: Plan) -> Talked:
    folder = Path(plan.folder)
    body = {"bot": "reads", "read": plan.read, "turns_before": 1, "vad": True, "tape": True}
    async with make(plan.url, folder, body, keep=True) as client:
        await client.dial()
        await asyncio.sleep(SETTLE_S)
        await client.press()
        print(json.dumps({"began": True}), flush=True)
        await asyncio.sleep(plan.seconds)
        mouth_s, released_s = client.mouth_s(), asyncio.get_running_loop().time()
        await client.release()
        account = dict(client.account())
        await asyncio.sleep(AFTERWARDS_S)
        await client.hang_up()
        ear = client.ear()
    np.savez(folder / "heard.npz", samples=ear.samples, periods_s=ear.periods_s)
    return Talked(mouth_s, released_s, account)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(talk(maker(sys.argv[1]), Plan(**json.loads(sys.argv[2])))))))
