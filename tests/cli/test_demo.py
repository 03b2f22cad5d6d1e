"""`demo` and `dial` as processes: what they print, how they end, and that silence is never taken for an answer."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.demo.stage import SENTENCE
from tests.correlate import MOST, Samples, share
from tests.processes import ENVIRONMENT, Process, python
from tests.runners import runner
from tests.signals import level

READY_S = 5.0
"""From the start of the process to the press. A second is the aim; other tests run beside this one."""
SHORT = """
import sys
from appliance.demo import script
script.ANSWER_S = 3.0
from appliance.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""The command with less patience."""


def wav(path: Path) -> tuple[Samples, int]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16), file.getframerate()


def heard(folder: Path) -> Samples:
    """What the speaker played, at the rate of the shipped sentence."""
    samples, rate_hz = wav(folder / "heard.wav")
    assert rate_hz == 48_000
    import soxr  # type: ignore[import-untyped,unused-ignore]

    return np.asarray(soxr.resample(samples, rate_hz, wav(SENTENCE)[1]), np.int16)


def demo(folder: Path, *words: str, script: str = "") -> Process:
    """`demo` in *folder*, with no terminal."""
    command = python("-c", script, "demo", *words) if script else python("-m", "appliance", "demo", *words)
    return Process(command, folder, XDG_RUNTIME_DIR=str(folder))


def in_order(lines: list[str], *patterns: str) -> None:
    rest = iter(lines)
    for pattern in patterns:
        assert any(re.search(pattern, line) for line in rest), f"{pattern} is missing in:\n" + "\n".join(lines)


def test_a_stranger_hears_the_sentence_again(tmp_path: Path) -> None:
    process = demo(tmp_path)
    process.until("talk press")
    ready_s = time.monotonic() - process.began_s
    print(f"process start to press: {ready_s * 1000:.0f} ms")
    assert process.end() == 0, process.lines
    assert ready_s < READY_S
    assert share(heard(tmp_path), wav(SENTENCE)[0]) > MOST
    in_order(
        process.lines,
        r"^ +0\.0 ms  button     talk press",
        r"ms  light      listening \(green solid\)",
        r"ms  session    ready",
        r"ms  button     talk release",
        r"ms  turn       closes: \d\.\d s sent, the first packet \d+ ms after the press",
        r"ms  bot        audible",
        r"ms  bot        inaudible",
        r"ms  session    disconnected",
        r"^heard \d\.\d s of sound: heard\.wav$",
    )
    times = [float(line.split()[0]) for line in process.lines if " ms  " in line]
    assert times == sorted(times)
    assert [path.name for path in tmp_path.iterdir()] == ["heard.wav"], "and nothing else is left"


@pytest.mark.parametrize(
    ("bot", "told"),
    [
        ("mute", "waited 3 s for an answer in vain; see [runner] and the runner's log"),
        ("never-ready", "waited 3 s for a session and the end of the turn in vain"),
        ("crash", "waited 3 s for a session and the end of the turn in vain"),
        ("fatal:0.5", "the bot failed: the bot's pipeline has failed"),
        ("refuses:401", "/start answered 401: refused with 401; check [runner] api_key"),
        ("nonsense:html", "/start answered with a web page"),
    ],
)
async def test_silence_is_no_answer(tmp_path: Path, bot: str, told: str) -> None:
    async with runner("embedded-process", bot=bot) as r:
        (tmp_path / "a.toml").write_text(f'[runner]\nurl = "{r.url}"\n')
        process = demo(tmp_path, "--config", "a.toml", script=SHORT)
        assert process.end() == 1, process.lines
    (line,) = [line for line in process.lines if line.startswith("voice-appliance: ")]
    assert line == process.lines[-1] and told in line
    assert not [line for line in process.lines if line.startswith("heard ")]
    assert level(wav(tmp_path / "heard.wav")[0]) < 1, "a valid file, with nothing in it"


@pytest.mark.parametrize("bot", ["greeting", "slow:1"])
async def test_any_bot_that_speaks_will_do(tmp_path: Path, bot: str) -> None:
    async with runner("embedded-process", bot=bot) as r:
        (tmp_path / "a.toml").write_text(f'[runner]\nurl = "{r.url}"\n[speaker]\nvolume = 0.1\n')
        process = demo(tmp_path, "--config", "a.toml")
        assert process.end() == 0, process.lines
    assert share(heard(tmp_path), wav(SENTENCE)[0]) > MOST


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "heard.wav").mkdir()
    process = demo(tmp_path)
    assert process.end() == 1
    assert process.lines[-1].startswith("voice-appliance: cannot record to heard.wav: it is not a file")


def test_a_wrong_configuration(tmp_path: Path) -> None:
    process = demo(tmp_path, "--config", "absent.toml")
    assert process.end() == 78
    assert len(process.lines) == 1 and "absent.toml" in process.lines[0]


# --- on a terminal


class Terminal:
    """A terminal with the demo in it."""

    def __init__(self, folder: Path) -> None:
        self._master, self._slave = pty.openpty()
        self.before = self.settings()
        self._text = ""
        self._seen = 0
        self.popen = subprocess.Popen(
            python("-m", "appliance", "demo"),
            cwd=folder,
            env=ENVIRONMENT | {"XDG_RUNTIME_DIR": str(folder)},
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - control-C needs a terminal
        )

    def settings(self) -> list[Any]:
        return termios.tcgetattr(self._slave)

    def until(self, text: str, deadline_s: float = 20.0) -> None:
        """Until *text* has come behind what was waited for before."""
        end_s = time.monotonic() + deadline_s
        while (at := self._text.find(text, self._seen)) < 0:
            ready, _, _ = select.select([self._master], [], [], max(end_s - time.monotonic(), 0))
            assert ready, f"no {text!r} in:\n{self._text}"
            self._text += os.read(self._master, 65_536).decode()
        self._seen = at + len(text)

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self) -> int:
        return self.popen.wait(10)

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        os.close(self._master)
        os.close(self._slave)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with _terminal(tmp_path) as found:
        yield found


@contextmanager
def _terminal(folder: Path) -> Iterator[Terminal]:
    found = Terminal(folder)
    try:
        yield found
    finally:
        found.close()


def test_keys_are_buttons(terminal: Terminal, tmp_path: Path) -> None:
    terminal.until("q: end")
    assert terminal.settings()[3] & termios.ECHO == 0, "keys are not shown"
    terminal.type(b" ")
    terminal.until("button     talk press")
    terminal.until("light      listening (green solid)")
    terminal.until("session    ready")
    time.sleep(1.0)  # a person talks
    terminal.type(b" ")
    terminal.until("button     talk release")
    terminal.until("turn       closes")
    terminal.until("bot        audible")
    terminal.until("light      speaking (blue solid)")
    terminal.type(b"\r")
    terminal.until("button     session press")
    terminal.until("light      idle (none off)")
    terminal.until("session    disconnected")
    terminal.type(b" q")
    terminal.until("button     talk press")
    assert terminal.end() == 0, "keys that come together all count"
    assert terminal.settings() == terminal.before
    assert [path.name for path in tmp_path.iterdir()] == ["heard.wav"]


@pytest.mark.parametrize(("key", "status"), [(b"q", 0), (b"\x03", 130)])
def test_the_terminal_is_left_as_it_was(terminal: Terminal, key: bytes, status: int) -> None:
    terminal.until("q: end")
    terminal.type(key)
    assert terminal.end() == status
    assert terminal.settings() == terminal.before


# --- dial


def dial(folder: Path, url: str, more: str = "") -> Process:
    config = folder / "a.toml"
    config.write_text(f'[runner]\nurl = "{url}"\n{more}')
    return Process(python("-m", "appliance", "dial", "--config", str(config)), folder)


@pytest.mark.parametrize("more", ["", 'start = "start-then-connect"\nconnect_by = "request"\n', 'start = "connect"\n'])
async def test_dial_says_how_long_each_stage_took(tmp_path: Path, more: str) -> None:
    async with runner("embedded-process") as r:
        process = dial(tmp_path, r.url, more)
        assert process.end() == 0, process.lines
    stages = ["offer and connect", "bot ready", "press to bot-ready", "hung up"]
    if '"connect"' not in more:
        stages.insert(0, "start")
    assert [re.sub(r" +\d+\.\d ms$", "", line) for line in process.lines] == stages


@pytest.mark.parametrize(
    ("bot", "more", "stage", "told"),
    [
        ("refuses:401", "", "failed while authenticating: ", "check [runner] api_key"),
        ("hangs", "[session]\nstart_timeout_s = 1\n", "failed while authenticating: ", "within 1 s"),
        ("hangs-offer", "[session]\noffer_timeout_s = 1\n", "failed while connecting: ", "within 1 s"),
        ("crash", "[session]\nbot_ready_timeout_s = 1\n", "failed while connected: ", "the runner's log"),
    ],
)
async def test_dial_names_the_stage_that_failed(tmp_path: Path, bot: str, more: str, stage: str, told: str) -> None:
    async with runner("embedded-process", bot=bot) as r:
        process = dial(tmp_path, r.url, more)
        assert process.end(8.0) == 1, process.lines
    said = [line for line in process.lines if not line.endswith(" ms")]
    assert len(said) == 1 and said[0].startswith(f"voice-appliance: {stage}"), process.lines
    assert told in said[0]
