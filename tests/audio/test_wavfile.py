"""WAV files: every bad one is one clear line, and ours are valid whatever happens."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio import wavfile
from appliance.audio.wavfile import WavReader, WavWriter
from appliance.errors import DeviceError
from tests.audio.sounds import Samples, read_wav, tone, write_wav


def header(
    *, form: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16, data: int = 0, riff: int | None = None
) -> bytes:
    width = channels * bits // 8
    chunk = struct.pack("<HHIIHH", form, channels, rate, rate * width, width, bits)
    size = 36 + data if riff is None else riff
    return struct.pack("<4sI4s4sI", b"RIFF", size, b"WAVE", b"fmt ", 16) + chunk + struct.pack("<4sI", b"data", data)


def all_of(reader: WavReader, frames: int = 320) -> Samples:
    parts = []
    while len(part := reader.read(frames)):
        parts.append(part)
    return np.concatenate(parts)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 44_100, 96_000])
def test_all_samples_are_read_whatever_the_rate(tmp_path: Path, rate_hz: int) -> None:
    sound = tone(rate_hz, 0.333)
    reader = WavReader(write_wav(tmp_path / "a.wav", sound, rate_hz), 0)
    assert (reader.rate_hz, reader.frames) == (rate_hz, len(sound))
    assert np.array_equal(all_of(reader), sound)
    reader.rewind()
    assert np.array_equal(all_of(reader), sound)
    reader.close()


def test_the_channel_is_chosen(tmp_path: Path) -> None:
    both = np.stack([tone(16_000, 0.1), -tone(16_000, 0.1)], axis=1)
    path = write_wav(tmp_path / "a.wav", both, 16_000)
    assert np.array_equal(all_of(WavReader(path, 0)), both[:, 0])
    assert np.array_equal(all_of(WavReader(path, 1)), both[:, 1])


def test_chunks_around_the_sound_are_not_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sound = tone(16_000, 0.1)
    plain = write_wav(path, sound, 16_000).read_bytes()
    extra = b"LIST" + struct.pack("<I", 5) + b"hello\0"
    path.write_bytes(plain[:4] + struct.pack("<I", len(plain) - 8 + 28) + plain[8:36] + extra + plain[36:] + extra)
    assert np.array_equal(all_of(WavReader(path, 0)), sound)


BAD: list[tuple[str, bytes, str]] = [
    ("nothing at all", b"", "ends within its header"),
    ("text", b"hello, this is no sound at all, but it is long enough for a header", "does not start with RIFF id"),
    ("half a header", header(data=320)[:30], "convert it with"),
    ("no data chunk", header()[:36], "data chunk missing"),
    ("8 bit", header(bits=8, data=320) + bytes(320), "8 bits a sample"),
    ("24 bit", header(bits=24, data=330) + bytes(330), "24 bits a sample"),
    ("float", header(form=3, bits=32, data=320) + bytes(320), "unknown format: 3"),
    ("extensible", header(form=0xFFFE, data=320) + bytes(320), "not a WAV file that can be read"),
    ("no channel", header(channels=0, data=320) + bytes(320), "channels"),
    ("no rate", header(rate=0, data=320) + bytes(320), "its rate is 0 Hz"),
    ("no sound", header(), "holds no sound"),
    ("cut short", header(data=32_000) + bytes(16_000), "0.50 of 1.00 s are there"),
    ("size unknown to the writer", header(data=0xFFFFFFFF, riff=0xFFFFFFFF) + bytes(320), "cut short"),
]


@pytest.mark.parametrize(("content", "expected"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_file_is_one_clear_line(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(DeviceError) as caught:
        WavReader(path, 0)
    message = str(caught.value)
    assert expected in message
    assert str(path) in message and "; " in message and "\n" not in message


def test_files_that_are_none(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    rows = (
        (tmp_path / "absent.wav", "no such file"),
        (tmp_path, "not a file"),
        (pipe, "not a file"),
        (Path("a\0b"), "null byte"),
    )
    for path, expected in rows:
        with pytest.raises(DeviceError, match=expected):
            WavReader(path, 0)


def test_an_absent_channel(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(16_000, 0.1), 16_000)
    with pytest.raises(DeviceError, match=r"channel 1 of .*only channel 0; set \[microphone\] channel"):
        WavReader(path, 1)


@given(st.binary(max_size=120), st.integers(0, 44))
def test_nothing_in_a_file_does_more_than_raise(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, keep: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.wav"
    path.write_bytes(header(data=64)[:keep] + junk)
    try:
        reader = WavReader(path, 0)
    except DeviceError:
        return
    assert len(all_of(reader)) == reader.frames
    reader.close()


def test_a_file_cut_while_it_is_read_ends_there(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(16_000, 10), 16_000)
    reader = WavReader(path, 0)
    os.truncate(path, 44 + 20_001)
    assert len(all_of(reader, 16_000)) == 10_000
    reader.rewind()
    os.truncate(path, 44)
    assert len(reader.read(320)) == 0


# --- writing


def test_a_recording_is_replaced_at_once_and_valid_at_every_moment(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    path.write_bytes(b"an older recording")
    writer = WavWriter(path, 48_000)
    assert read_wav(path)[0].size == 0
    writer.open()
    for n in range(1, 20):
        writer.append(np.full(960, n, np.int16))
        samples, rate_hz = read_wav(path)
        assert (len(samples), rate_hz, samples[-1]) == (n * 960, 48_000, n)
    writer.close()
    writer.close()


def test_valid_after_every_system_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, calls = tmp_path / "heard.wav", 0
    plain = os.pwrite

    def watched(fd: int, data: bytes, offset: int) -> int:
        nonlocal calls
        written = plain(fd, data, offset)
        read_wav(path)
        calls += 1
        return written

    writer = WavWriter(path, 48_000)
    writer.open()
    monkeypatch.setattr(os, "pwrite", watched)
    for _ in range(5):
        writer.append(np.ones(960, np.int16))
    assert calls == 10


def test_opened_again_it_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    writer = WavWriter(path, 48_000)
    for n in (1, 2):
        writer.open()
        writer.append(np.full(960, n, np.int16))
        writer.close()
    assert read_wav(path)[0].tolist() == [1] * 960 + [2] * 960


def test_a_recording_that_was_taken_away_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    writer = WavWriter(path, 48_000)
    writer.open()
    writer.append(np.ones(960, np.int16))
    writer.close()
    path.rename(tmp_path / "taken.wav")
    writer.open()
    writer.append(np.full(960, 2, np.int16))
    assert read_wav(path)[0].tolist() == [2] * 960
    assert read_wav(tmp_path / "taken.wav")[0].tolist() == [1] * 960


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, expected in (
        (tmp_path / "absent" / "heard.wav", "No such file or directory; name a file in a directory that exists"),
        (tmp_path, "not a file"),
        (pipe, "not a file"),
        (Path("/dev/full"), "not a file"),
        (Path("a\0b"), "null byte"),
    ):
        with pytest.raises(DeviceError, match=expected) as caught:
            WavWriter(path, 48_000)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("how", ["error", "part"])
def test_a_full_disk_leaves_a_valid_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    path = tmp_path / "heard.wav"
    writer = WavWriter(path, 48_000)
    writer.open()
    writer.append(np.ones(960, np.int16))
    plain = os.pwrite

    def full(fd: int, data: bytes, offset: int) -> int:
        if how == "error":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return plain(fd, bytes(memoryview(data).cast("B")[:100]), offset)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(DeviceError, match="free some space"):
        writer.append(np.ones(960, np.int16))
    monkeypatch.undo()
    assert len(read_wav(path)[0]) == 960
    writer.append(np.full(960, 2, np.int16))
    assert read_wav(path)[0].tolist() == [1] * 960 + [2] * 960


def test_at_the_limit_of_the_format_recording_stops_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wavfile, "DATA_BYTES_MAX", 5_000)
    writer = WavWriter(tmp_path / "heard.wav", 48_000)
    writer.open()
    for _ in range(10):
        writer.append(np.ones(960, np.int16))
    assert len(read_wav(tmp_path / "heard.wav")[0]) == 2 * 960
    assert [record.getMessage().split()[0] for record in caplog.records] == ["recording_full"]


def test_the_limit_is_that_of_the_format() -> None:
    assert wavfile.DATA_BYTES_MAX + 36 <= 0xFFFFFFFF and wavfile.DATA_BYTES_MAX % 2 == 0
