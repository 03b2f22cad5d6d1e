"""The daemon as a process: its socket, its signals, its ends, and what it leaves behind, which is nothing."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from appliance.cli import main
from appliance.errors import ApplianceError
from tests.box import write_wav
from tests.processes import Daemon, Process, daemon, python
from tests.signals import words

END_S = 5.0
"""What SIGTERM may take."""


class Events:
    """What a daemon tells on its socket. Read to its end in a thread of its own."""

    def __init__(self, process: Daemon) -> None:
        self._lines = process.client.events()
        self.first = json.loads(next(self._lines))

    def until(self, **wanted: object) -> dict[str, Any]:
        for line in self._lines:
            event: dict[str, Any] = json.loads(line)
            if all(event.get(key) == value for key, value in wanted.items()):
                return event
        raise AssertionError(f"the events ended before {wanted}")


@contextmanager
def hanging_runner() -> Iterator[str]:
    """Accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def ends_well(process: Daemon, within_s: float = END_S, *, signals: int = 1) -> float:
    """After *signals* more it ends in order. Returns how long that took."""
    began_s = time.monotonic()
    for _ in range(signals):
        process.signal()
    status = process.end(within_s)
    assert status == 0, process.lines
    assert not process.socket.exists()
    assert not [line for line in process.lines if "Traceback" in line or " ERROR " in line], process.lines
    with wave.open(str(process.heard)) as file:
        assert file.getframerate() == 48_000
    return time.monotonic() - began_s


def test_a_conversation_by_the_socket(tmp_path: Path) -> None:
    microphone = f"wav:{write_wav(tmp_path / 'says.wav', words(1.0))}"
    with daemon(tmp_path, microphone=microphone) as process:
        events = Events(process)
        assert (events.first["type"], events.first["state"]) == ("status", "idle")
        idle = process.descriptors()
        assert process.press("talk")["talk"]["held"]
        events.until(type="state", state="ready")
        process.release("talk")
        events.until(type="turn", event="stop", delivered=True)
        events.until(type="bot", event="audible")
        events.until(type="bot", event="inaudible")
        assert process.client.get("/v1/status")["counters"]["sessions"] == 1
        process.tap("session")
        events.until(type="state", state="disconnected")
        end_s = time.monotonic() + END_S
        while process.descriptors() > idle and time.monotonic() < end_s:
            time.sleep(0.02)  # another process has no event to wait for
        assert process.descriptors() <= idle, "and nothing of the session is left over"
        ends_well(process)
        with pytest.raises(AssertionError, match="the events ended"):
            events.until(type="never")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "heard.wav", "says.wav"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_it_ends_at_once(tmp_path: Path, number: int) -> None:
    with daemon(tmp_path) as process:
        process.signal(number)
        assert process.end(2.0) == 0
        assert not process.socket.exists()


def test_in_the_middle_of_a_session_it_ends_politely(tmp_path: Path) -> None:
    with daemon(tmp_path) as process:
        events = Events(process)
        process.press("talk")
        events.until(type="state", state="ready")
        process.signal()
        events.until(type="state", state="disconnecting")
        events.until(type="state", state="disconnected")
        ends_well(process, signals=0)
    assert any("session_end reason='the appliance is shutting down'" in line for line in process.lines)


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with daemon(tmp_path) as process:
        events = Events(process)
        process.tap("session")
        events.until(type="state", state="ready")
        began_s = time.monotonic()
        process.signal()
        events.until(type="state", state="disconnecting")
        ends_well(process, 1.5)
        assert time.monotonic() - began_s < 1.5, "the polite end of this bot takes two seconds"


@pytest.mark.parametrize("moment", ["authenticating", "retrying"])
def test_it_ends_while_a_runner_hangs(tmp_path: Path, moment: str) -> None:
    with hanging_runner() as url:
        limits = "start_timeout_s = 1" if moment == "retrying" else ""
        with daemon(tmp_path, f'[runner]\nurl = "{url}"\n[session]\n{limits}') as process:
            events = Events(process)
            process.tap("session")
            if moment == "retrying":
                events.until(type="recovery", phase="retrying")
            assert process.client.get("/v1/status")["wanted"]
            assert ends_well(process) < 2.0, "nobody is there to be polite to"


def test_a_signal_while_it_starts_is_heeded(tmp_path: Path) -> None:
    """Sent from within, at the worst moment: the socket is there, and nothing else yet."""
    script = """
import os, signal
from appliance.audio import devices
make = devices.make_microphone
def late(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGTERM)
    return make(*args, **kwargs)
devices.make_microphone = late
"""
    process = Daemon(tmp_path, script=script)
    assert process.end() == 0, process.lines
    assert not process.socket.exists()


def test_a_second_one_ends_and_does_the_first_no_harm(tmp_path: Path) -> None:
    with daemon(tmp_path) as first:
        events = Events(first)
        first.tap("session")
        events.until(type="state", state="ready")
        first.tap("session")
        events.until(type="state", state="disconnected")
        recorded = first.heard.read_bytes()
        assert len(recorded) > 44
        second = Daemon(tmp_path)
        assert second.end() == 1
        assert second.lines[-1] == (
            f"voice-appliance: another appliance is running at {first.socket}; "
            "stop it, or set [control] socket to another path"
        )
        assert first.heard.read_bytes() == recorded
        assert first.client.get("/v1/status")["state"] == "disconnected"
        ends_well(first)


def test_a_stale_socket_is_taken_over(tmp_path: Path) -> None:
    with daemon(tmp_path) as first:
        first.kill()
    assert first.socket.exists()
    with daemon(tmp_path) as second:
        ends_well(second)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("microphone", "[microphone] device = 'default': sound cards are not supported"),
        ("speaker", "[speaker] device = 'default': sound cards are not supported"),
    ],
)
def test_a_device_that_is_not_built(tmp_path: Path, table: str, line: str) -> None:
    config, other = tmp_path / "a.toml", "speaker" if table == "microphone" else "microphone"
    double = "null" if other == "speaker" else "silence"
    config.write_text(f'[{other}]\ndevice = "{double}"\n[control]\nsocket = "{tmp_path}/s"\n')
    assert main(["check", "--config", str(config)]) == 0
    process = Process(python("-m", "appliance", "run", "--config", str(config)), tmp_path)
    assert process.end() == 69
    assert len(process.lines) == 1 and line in process.lines[0] and "; use 'wav:PATH'" in process.lines[0]
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[talk]\nmode = 'hol'\n[sesion]\n", ["a.toml:2: talk.mode:", "a.toml:3: sesion:"]),
        ("[talk\n", ["a.toml:1:"]),
        (None, ["a.toml"]),
    ],
)
def test_a_wrong_configuration(tmp_path: Path, text: str | None, told: list[str]) -> None:
    if text is not None:
        (tmp_path / "a.toml").write_text(text)
    process = Process(python("-m", "appliance", "run", "--config", "a.toml"), tmp_path)
    assert process.end() == 78
    assert len(process.lines) == len(told)
    assert all(words_ in line for words_, line in zip(told, process.lines, strict=True)), process.lines


CRASHES = {
    "the capture thread": "from appliance.audio.null import SilentMicrophone as thing; name = 'read'",
    "the playback thread": "from appliance.audio.stream import BotStream as thing; name = 'fill'",
    "a step of the machine": "from appliance.service.performer import Performer as thing; name = '_up'",
}


@pytest.mark.parametrize("where", CRASHES)
def test_what_nobody_foresaw_ends_the_process_with_its_trace(tmp_path: Path, where: str) -> None:
    script = f"""
{CRASHES[where]}
def broken(*args):
    raise ZeroDivisionError("on purpose")
setattr(thing, name, broken)
"""
    with daemon(tmp_path, script=script) as process:
        threading.Thread(target=_press, args=(process,), daemon=True).start()  # it may die before it answers
        assert process.end(END_S) == 1
    text = "\n".join(process.lines)
    assert "Traceback" in text and "ZeroDivisionError: on purpose" in text
    assert not process.socket.exists()
    with wave.open(str(process.heard)) as file:
        assert file.getframerate() == 48_000


def _press(process: Daemon) -> None:
    with suppress(ApplianceError):
        process.press("talk")
