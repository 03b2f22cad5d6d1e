"""What is asked of cards of every kind, and what they are told to be when they are no use."""

from __future__ import annotations

import errno

import pytest

from appliance.audio.alsa_cards import Device, Way
from appliance.audio.alsa_negotiate import open_pcm, wanted
from appliance.audio.convert import Shape
from appliance.errors import DeviceError
from tests.doubles.alsa import FakeAlsa

MIC = Device(Way.CAPTURE, "card:Box", "hw:CARD=Box,DEV=0")
SPEAKER = Device(Way.PLAYBACK, "card:Box", "hw:CARD=Box,DEV=0")


def opened(alsa: FakeAlsa, *, channels: int = 1, remembered: Shape | None = None) -> Shape:
    pcm, shape = open_pcm(alsa, MIC, wanted(16_000, channels, 10), remembered)
    assert alsa.open_now == 1
    pcm.close()
    return shape


@pytest.mark.parametrize(
    ("has", "gets", "openings"),
    [
        ({}, ("S16_LE", 1, 16_000, 320), 1),
        ({"formats": ("S32_LE", "S16_LE")}, ("S16_LE", 1, 16_000, 320), 1),
        ({"formats": ("S24_3LE",)}, ("S24_3LE", 1, 16_000, 320), 1),
        ({"formats": ("U8", "FLOAT_LE", "S32_LE")}, ("S32_LE", 1, 16_000, 320), 2),
        ({"channels": (2,)}, ("S16_LE", 2, 16_000, 320), 1),
        ({"rates_hz": (48_000,)}, ("S16_LE", 1, 48_000, 960), 2),
        ({"rates_hz": (44_100, 96_000)}, ("S16_LE", 1, 44_100, 882), 2),
        ({"formats": ("S8", "S32_LE"), "channels": (8,), "rates_hz": (48_000,)}, ("S32_LE", 8, 48_000, 960), 3),
    ],
)
def test_a_card_is_taken_as_it_is(has: dict[str, tuple[str, ...]], gets: tuple[object, ...], openings: int) -> None:
    alsa = FakeAlsa(**has)  # type: ignore[arg-type]
    shape = opened(alsa)
    assert (shape.format, shape.channels, shape.rate_hz, shape.period_frames) == gets
    assert shape.buffer_frames == 10 * shape.period_frames
    assert len(alsa.opened) == openings
    again = opened(alsa, remembered=shape)
    assert (again, len(alsa.opened)) == (shape, openings + 1)


def test_enough_channels_for_the_one_that_is_chosen() -> None:
    assert opened(FakeAlsa(channels=(2, 4, 6, 8)), channels=5).channels == 6


def test_what_is_remembered_of_another_card_does_no_harm() -> None:
    before = opened(FakeAlsa(formats=("S32_LE",), channels=(8,), rates_hz=(96_000,)))
    shape = opened(FakeAlsa(formats=("S16_LE",), channels=(1,), rates_hz=(16_000,)), remembered=before)
    assert (shape.format, shape.channels, shape.rate_hz, shape.period_frames) == ("S16_LE", 1, 16_000, 320)


@pytest.mark.parametrize(
    ("has", "channels", "why"),
    [
        ({"formats": ("U8", "FLOAT_LE")}, 1, "no usable format: it has U8, FLOAT_LE; expected one of S16_LE, S32_LE, "),
        ({"channels": (1, 2)}, 4, "it has no channel 3, only 0 to 1"),
        ({"rates_hz": (4_000,)}, 1, "no usable rate: it runs at 4000 Hz, expected 8000 to 384000"),
    ],
)
def test_a_card_that_is_no_use_says_why(has: dict[str, tuple[str, ...]], channels: int, why: str) -> None:
    alsa = FakeAlsa(**has)  # type: ignore[arg-type]
    with pytest.raises(DeviceError) as caught:
        open_pcm(alsa, MIC, wanted(16_000, channels, 10))
    assert str(caught.value).startswith(f"cannot open capture device 'card:Box': {why}")
    assert str(caught.value).endswith("; run 'voice-appliance devices'")
    assert alsa.open_now == 0


def test_a_card_that_never_keeps_its_word_is_not_asked_for_ever() -> None:
    class Fickle(FakeAlsa):
        def PCM(self, kind: int, mode: int, **asked: object) -> object:  # type: ignore[override]  # noqa: N802
            self.rates_hz = (44_100,) if self.rates_hz == (48_000,) else (48_000,)
            return super().PCM(kind, mode, **asked)

    alsa = Fickle()
    with pytest.raises(DeviceError, match="does not keep to what it offers"):
        open_pcm(alsa, MIC, wanted(16_000, 1, 10))
    assert alsa.open_now == 0


@pytest.mark.parametrize(
    ("number", "busy", "says"),
    [
        (errno.ENOENT, False, "no such card; run 'voice-appliance devices'"),
        (errno.ENODEV, False, "no such card; run 'voice-appliance devices'"),
        (errno.EBUSY, True, "busy, another program uses it; end that first"),
        (errno.EACCES, False, "no permission (Permission denied); add this user to the group audio"),
        (errno.EINVAL, False, "no such device, or no format and rate of it can be used (Invalid argument); run "),
        (errno.EIO, False, "Input/output error; run 'voice-appliance devices'"),
    ],
)
def test_a_card_that_does_not_open_says_what_to_do(number: int, busy: bool, says: str) -> None:
    alsa = FakeAlsa()
    alsa.error = number
    with pytest.raises(DeviceError) as caught:
        open_pcm(alsa, SPEAKER, wanted(48_000, 1, 4))
    assert str(caught.value).startswith(f"cannot open playback device 'card:Box': {says}")
    assert caught.value.busy is busy
