"""What the kernel says of its cards, as files made by hand."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from appliance.audio import alsa_cards
from appliance.audio.alsa_cards import Device, Way, cards, locate, look_for, user_of
from appliance.audio.alsa_list import Found, found
from appliance.errors import DeviceError
from tests.doubles.alsa import FakeAlsa

CARDS = """\
 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi
                      vc4-hdmi
 1 [Device         ]: USB-Audio - USB PnP Sound - Device
                      C-Media Electronics Inc. USB PnP Sound Device at usb-0000:01, full speed
"""


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A card that can only play, and one of USB whose microphone is its second device."""
    monkeypatch.setattr(alsa_cards, "PROC", tmp_path)
    (tmp_path / "cards").write_text(CARDS)
    for number, id_, devices in (
        (0, "vc4hdmi", {"pcm0p": "MAI PCM i2s-hifi-0"}),
        (1, "Device", {"pcm0p": "USB Audio", "pcm1c": "USB Audio", "pcm10c": "USB Audio #2"}),
    ):
        for device, name in devices.items():
            folder = tmp_path / f"card{number}" / device / "sub0"
            folder.mkdir(parents=True)
            (folder.parent / "info").write_text(f"card: {number}\nid: {name}\nname: {name}\nsubname: subdevice #0\n")
            (folder / "status").write_text("closed\n")
        (tmp_path / f"card{number}" / "id").write_text(f"{id_}\n")
        (tmp_path / id_).symlink_to(f"card{number}")
    return tmp_path


@pytest.mark.usefixtures("proc")
@pytest.mark.parametrize(
    ("name", "way", "alsa_name"),
    [
        ("card:Device", Way.PLAYBACK, "hw:CARD=Device,DEV=0"),
        ("card:Device", Way.CAPTURE, "hw:CARD=Device,DEV=1"),
        ("card:absent", Way.CAPTURE, "hw:CARD=absent,DEV=0"),
        ("plughw:1,0", Way.CAPTURE, "plughw:1,0"),
    ],
)
def test_where_a_device_is(name: str, way: Way, alsa_name: str) -> None:
    assert locate(name, way) == Device(way, name, alsa_name)


@pytest.mark.usefixtures("proc")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("card:vc4hdmi", "this card has no capture"),
        ("card:../../etc", "no card is called so"),
        ("card:a,DEV=1", "no card is called so"),
    ],
)
def test_where_there_is_none(name: str, why: str) -> None:
    with pytest.raises(
        DeviceError, match=f"cannot open capture device '{name}': {why}.*; run 'voice-appliance devices'"
    ):
        locate(name, Way.CAPTURE)


@pytest.mark.usefixtures("proc")
def test_every_card_is_told_of() -> None:
    assert [(card.id, card.name, card.devices) for card in cards(Way.CAPTURE)] == [
        ("vc4hdmi", "vc4-hdmi", {}),
        ("Device", "USB PnP Sound - Device", {1: "USB Audio", 10: "USB Audio #2"}),
    ]


@pytest.mark.parametrize("alsa_name", ["hw:CARD=Device,DEV=1", "plughw:1,1", "hw:Device,1"])
def test_who_uses_a_card(proc: Path, alsa_name: str) -> None:
    device = Device(Way.CAPTURE, "x", alsa_name)
    assert user_of(device) == ""
    (proc / "card1/pcm1c/sub0/status").write_text(f"state: RUNNING\nowner_pid   : {os.getpid()}\n")
    program = Path("/proc/self/comm").read_text().strip()
    assert user_of(device) == f"{program} (process {os.getpid()})"
    assert user_of(Device(Way.PLAYBACK, "x", alsa_name)) == ""
    assert user_of(Device(Way.CAPTURE, "x", "default")) == ""


@pytest.mark.usefixtures("proc")
def test_what_there_is_stable_names_first() -> None:
    alsa = FakeAlsa(rates_hz=(44_100, 48_000), channels=(1, 2))
    alsa.names = ["null", "default", "hw:CARD=Device,DEV=1", "sysdefault:CARD=Device", "pulse"]
    able: dict[str, Any] = {"rates_hz": (44_100, 48_000), "channels": (1, 2)}
    assert found(alsa, Way.CAPTURE) == [
        Found(device="card:vc4hdmi", about="vc4-hdmi", problem="this card has no capture"),
        Found(device="card:Device", about="USB PnP Sound - Device, USB Audio", **able),
        Found(device="hw:CARD=Device,DEV=10", about="USB PnP Sound - Device, USB Audio #2", **able),
        Found(device="default", about="what ALSA is set to", **able),
        Found(device="pulse", about="from ALSA's configuration", **able),
    ]
    assert alsa.open_now == 0


def test_why_one_cannot_be_used(proc: Path) -> None:
    alsa = FakeAlsa()
    alsa.error = errno.EBUSY
    (proc / "card1/pcm0p/sub0/status").write_text("state: RUNNING\nowner_pid   : 4000000000\n")
    problems = {device.device: device.problem for device in found(alsa, Way.PLAYBACK)}
    assert problems["card:Device"] == "busy, a program (process 4000000000) uses it; end that first"
    assert problems["default"] == "busy, another program uses it; end that first"


def test_a_machine_without_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alsa_cards, "PROC", tmp_path / "absent")
    alsa = FakeAlsa()
    alsa.error = errno.ENOENT
    assert found(alsa, Way.CAPTURE) == [Found(device="default", about="what ALSA is set to", problem="no such card")]


def test_a_card_that_is_gone_is_missed_without_opening_anything(proc: Path) -> None:
    look_for("card:Device", Way.CAPTURE)
    look_for("default", Way.CAPTURE)  # of another name nobody can tell
    (proc / "Device").unlink()
    with pytest.raises(DeviceError, match="capture device 'card:Device' is not there any more"):
        look_for("card:Device", Way.CAPTURE)
