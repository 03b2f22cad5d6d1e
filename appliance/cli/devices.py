"""`voice-appliance devices`: microphones and speakers as the configuration names them, and why one is no use."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from appliance.cli.running import plain

if TYPE_CHECKING:
    from appliance.audio.alsa_list import Found

_NONE_OF_A_CARD = "no sound card was found; 'wav:PATH', 'silence' and 'null' need none"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(args: argparse.Namespace) -> int:
    from appliance.audio.alsa_cards import CARD, Way
    from appliance.audio.alsa_library import load
    from appliance.audio.alsa_list import found

    alsa = load("devices")
    lists = {"microphones": found(alsa, Way.CAPTURE), "speakers": found(alsa, Way.PLAYBACK)}
    if args.json:
        print(json.dumps({name: [_as_json(device) for device in devices] for name, devices in lists.items()}, indent=2))
        return 0
    for name, devices in lists.items():
        print(f"{name}:")
        for line in lines(devices):
            print(plain(f"  {line}"))
    if not any(device.device.startswith(CARD) for devices in lists.values() for device in devices):
        print(_NONE_OF_A_CARD)
    return 0


def lines(devices: Sequence[Found]) -> Iterator[str]:
    """A line for each, names in a column of their own."""
    width = max((len(device.device) for device in devices), default=0)
    for device in devices:
        able = f"cannot be used: {device.problem}" if device.problem else f"{_rates(device)}; {_channels(device)}"
        yield f"{device.device:{width}}  {device.about}; {able}"


def _rates(device: Found) -> str:
    rates_hz = device.rates_hz
    if len(rates_hz) > 3:
        return f"{rates_hz[0]} to {rates_hz[-1]} Hz"
    return f"{', '.join(map(str, rates_hz))} Hz"


def _channels(device: Found) -> str:
    counts = device.channels
    if not counts:
        return "any channels"
    if counts == (1,):
        return "1 channel"
    return f"{counts[0]} to {counts[-1]} channels" if len(counts) > 3 else f"{' or '.join(map(str, counts))} channels"


def _as_json(device: Found) -> dict[str, object]:
    return {**asdict(device), "problem": device.problem or None}
