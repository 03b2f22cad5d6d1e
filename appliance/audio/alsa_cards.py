"""Which cards there are, by what the kernel says in /proc/asound. Nothing is opened here.

`card:ID` means the first device of that card that goes the way it is wanted for, itself and not through ALSA's
conversions: the ID stays with a card when its number changes, and what it cannot do is converted by us, the same on
every machine. Other strings are ALSA's own PCM names, and go to ALSA as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from appliance.audio import alsa_errors

PROC = Path("/proc/asound")

CARD: Final = "card:"
_ID: Final = re.compile(r"[\w-]+", re.ASCII)
_OF_A_CARD: Final = re.compile(r"(?:plug)?hw:(?:CARD=)?(?P<card>[\w-]+)(?:,(?:DEV=)?(?P<number>\d+))?", re.ASCII)


class Way(Enum):
    """Which way sound goes. The value is the word in messages."""

    CAPTURE = "capture"
    PLAYBACK = "playback"


@dataclass(frozen=True, slots=True)
class Device:
    """What is to be opened: *name* as a person says it, *alsa_name* as ALSA does."""

    way: Way
    name: str
    alsa_name: str


@dataclass(frozen=True, slots=True)
class Card:
    """*devices*: the numbers of those that go one way, and what they are called."""

    id: str
    name: str
    devices: dict[int, str]


def locate(name: str, way: Way) -> Device:
    """The device that the configuration's *name* means now. Raises `DeviceError` for a card that has none such."""
    if not name.startswith(CARD):
        return Device(way, name, name)
    card = name.removeprefix(CARD)
    if not _ID.fullmatch(card):
        raise alsa_errors.unfit(way.value, name, "no card is called so; expected letters, digits and _")
    folder = _folder(card)
    numbers = sorted(_devices(folder, way))
    if not numbers and folder.exists():
        raise alsa_errors.unfit(way.value, name, f"this card has no {way.value}")
    return Device(way, name, f"hw:CARD={card},DEV={numbers[0] if numbers else 0}")


def look_for(name: str, way: Way) -> None:
    """Raises `DeviceError` if *name* is that of a card, and there is no such card now. Opens nothing."""
    if name.startswith(CARD) and not _folder(name.removeprefix(CARD)).exists():
        raise alsa_errors.absent(way.value, name)


def cards(way: Way) -> Iterator[Card]:
    """Every card, those that cannot go that *way* included."""
    for folder in sorted(PROC.glob("card[0-9]*"), key=lambda found: int(found.name[4:])):
        number = folder.name[4:]
        id_ = _text(folder / "id").strip() or number
        yield Card(id_, _names().get(number, id_), _devices(folder, way))


def user_of(device: Device) -> str:
    """Who has *device* open: `arecord (process 812)`; empty if that cannot be told."""
    found = _OF_A_CARD.fullmatch(device.alsa_name)
    if found is None:
        return ""
    pattern = f"pcm{found['number'] or 0}{_letter(device.way)}/sub*/status"
    for status in sorted(_folder(found["card"]).glob(pattern)):
        owner = re.search(r"^owner_pid\s*:\s*(\d+)", _text(status), re.MULTILINE)
        if owner:
            program = _text(Path("/proc") / owner[1] / "comm").strip()
            return f"{program or 'a program'} (process {owner[1]})"
    return ""


def _folder(card: str) -> Path:
    """Of the card with this ID, or this number."""
    return PROC / (f"card{card}" if card.isdecimal() else card)


def _devices(folder: Path, way: Way) -> dict[int, str]:
    found = {}
    for entry in folder.glob(f"pcm[0-9]*{_letter(way)}"):
        name = re.search(r"^name:[ \t]*(.*)$", _text(entry / "info"), re.MULTILINE)
        found[int(entry.name[3:-1])] = name[1] if name else ""
    return found


def _names() -> dict[str, str]:
    """What cards are called, by their number: `0 [Device         ]: USB-Audio - USB PnP Sound Device`."""
    return dict(re.findall(r"^\s*(\d+) \[[^\]]*\]: [^\n]*? - ([^\n]*)$", _text(PROC / "cards"), re.MULTILINE))


def _letter(way: Way) -> str:
    return "c" if way is Way.CAPTURE else "p"


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # cards come and go
        return ""
