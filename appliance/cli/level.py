"""`voice-appliance level`: how loud the configured microphone is, and what its voice gate makes of it.

No session is needed. It opens the microphone itself, so a card that only one program may use must not be in use by a
running appliance.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from appliance.cli.options import add_config
from appliance.config.load import load
from appliance.config.schema import Settings
from appliance.units import Dbfs, Millis

if TYPE_CHECKING:
    from appliance.audio.gate import Gate
    from appliance.audio.hearing import Levels
    from appliance.audio.ports import Microphone

LINE_MS: Final[Millis] = 100
"""As often as an eye follows."""
BAR: Final = 40
BAR_FROM_DBFS: Final[Dbfs] = -80.0
OFFSET_DBFS: Final[Dbfs] = -40.0
"""Direct current so loud is a fault in the card or its wiring; the mean of 100 ms of any voice stays under it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Of `LINE_MS`, and whether anything passed the gate."""

    levels: Levels
    gate_open: bool


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=_seconds, metavar="N", help="end after N seconds (default: on ctrl-c)")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    settings = load(args.config)
    microphone, gate = _made(settings)
    lines = None if args.seconds is None else math.ceil(args.seconds * 1000 / LINE_MS)
    live = sys.stdout.isatty()
    try:
        microphone.open()
        for reading in itertools.islice(readings(microphone, gate), lines):
            print(f"\r{line(reading)}" if live else line(reading), end="" if live else "\n", flush=True)
    finally:
        microphone.close()
        if live:
            print()
    return 0


def readings(microphone: Microphone, gate: Gate) -> Iterator[Reading]:
    """One for each `LINE_MS` that *microphone*, which is open, hears. Raises `DeviceError`."""
    import numpy as np

    from appliance.audio.hearing import Tally
    from appliance.audio.level import Meter

    block, meter, tally = np.zeros(microphone.period_frames, np.int16), Meter(microphone.period_frames), Tally()
    while True:
        tally.clear()
        gate_open = False
        while tally.heard_ms < LINE_MS:
            microphone.read(block)
            meter.measure(block)
            gate.hear(block, meter.rms_dbfs)
            tally.take(meter)
            gate_open |= gate.open
        yield Reading(tally.levels(), gate_open)


def line(reading: Reading) -> str:
    """*reading* for a person: the bar is the mean, the mark on it the peak. Always of one width."""
    levels = reading.levels
    bar = ["#"] * _cell(levels.rms_dbfs) + ["."] * (BAR - _cell(levels.rms_dbfs))
    bar[max(0, _cell(levels.peak_dbfs) - 1)] = "|"
    gate = "open" if reading.gate_open else "closed"
    told = f"rms {levels.rms_dbfs:6.1f} dBFS  peak {levels.peak_dbfs:6.1f}  [{''.join(bar)}]"
    return f"{told} {_fault(levels):6}  gate {gate:6}"


def _fault(levels: Levels) -> str:
    """What is wrong with what was heard, in a word; empty: nothing."""
    if levels.zero_ms >= LINE_MS:
        return "zeros"
    if levels.frozen_ms >= LINE_MS:
        return "frozen"
    if levels.clipped_samples:
        return "clips"
    return "offset" if levels.offset_dbfs > OFFSET_DBFS else ""


def _made(settings: Settings) -> tuple[Microphone, Gate]:
    """What is configured. Raises `UnavailableError`, `DeviceError`."""
    from appliance.audio.devices import make_microphone
    from appliance.audio.gate import GateSettings, make_gate

    wanted = settings.microphone
    microphone = make_microphone(wanted.device, rate_hz=wanted.rate_hz, channel=wanted.channel)
    return microphone, make_gate(GateSettings(**asdict(settings.gate)), microphone.rate_hz)


def _cell(level_dbfs: Dbfs) -> int:
    """How many cells of the bar *level_dbfs* fills."""
    return min(BAR, max(0, round((level_dbfs - BAR_FROM_DBFS) / -BAR_FROM_DBFS * BAR)))


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds; expected more than 0")
    return value
