"""`demo` and `dial` as processes: what they print, how they end, and that silence is never taken for an answer."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
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

from appliance.board.patterns import BREATH_S
from appliance.demo.stage import SENTENCE
from tests.correlate import MOST, Samples, share
from tests.processes import ENVIRONMENT, Process, python
from tests.runners import runner

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
        ("crash", "the bot ended at its start, before it was ready; look for its error in the runner's log"),
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
    said = wav(SENTENCE)[0]
    assert share(np.pad(heard(tmp_path), (0, len(said))), said) < 0.4, "a valid file, with nothing but cues in it"


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


LINES, COLUMNS = 24, 100
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A terminal with the demo in it, and somebody who looks all the time."""

    def __init__(self, folder: Path) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.before = self.settings()
        self.raw = ""
        """All that was written."""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        no_card = {"ALSA_CONFIG_PATH": os.devnull}
        looks = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(COLUMNS), "LINES": str(LINES)}
        self.popen = subprocess.Popen(
            python("-m", "appliance", "demo"),
            cwd=folder,
            env=ENVIRONMENT | {"XDG_RUNTIME_DIR": str(folder)} | no_card | looks,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - control-C needs a terminal
        )

    def settings(self) -> list[Any]:
        return termios.tcgetattr(self._slave)

    @property
    def picture(self) -> str:
        """The last whole one; empty before the first."""
        text = CONTROL.sub("", self.raw)
        end = text.rfind("q: end") + len("q: end")
        return text[text.rfind("light       ", 0, end) : end]

    def shows(self, *patterns: str, deadline_s: float = 20.0) -> None:
        """Wait for a picture that has all *patterns*."""
        end_s = time.monotonic() + deadline_s
        while not (self.picture and all(re.search(pattern, self.picture) for pattern in patterns)):
            assert self.look(end_s - time.monotonic()), f"no {patterns} in:\n{self.picture or self.raw}"

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self) -> int:
        """Its exit status."""
        end_s = time.monotonic() + 10
        while (status := self.popen.poll()) is None:
            assert time.monotonic() < end_s, "it does not end"
            self.look(0.05)
        while self.look(0):
            pass
        return status

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        if self._master >= 0:
            self.hang_up()

    def hang_up(self) -> None:
        """The window is closed."""
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def look(self, wait_s: float) -> bool:
        """Take what is written within *wait_s*. False: nothing."""
        ready, _, _ = select.select([self._master], [], [], max(wait_s, 0))
        if ready:
            self.raw += self._decoder.decode(os.read(self._master, 65_536))
        return bool(ready)


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


def test_a_conversation_by_keys(terminal: Terminal, tmp_path: Path) -> None:
    terminal.shows(r"light +●●● idle \(none off\)", r"now +no session", r"microphone +·{40}", "q: end")
    assert terminal.settings()[3] & termios.ECHO == 0, "keys are not shown"
    terminal.type(b" ")
    terminal.shows(r"button     talk press", r"light +●●● listening \(green solid\)", r"now +in session, listening")
    assert "\x1b[38;2;0;255;0m" in terminal.raw, "and it is green"
    terminal.shows(
        r"microphone +█+·* +-\d+ dBFS  ok: ", r"session +start \d+, offer \d+, connect \d+, bot ready \d+ ms"
    )
    time.sleep(1.0)  # a person talks
    terminal.type(b" ")
    terminal.shows(r"light +●●● speaking \(blue solid\)", r"speaker +█+·* +-\d+ dBFS  ok: ")
    terminal.shows(
        r"last turn +press to light \d+, microphone \d+, first packet \d+; release to stop \d+ ms",
        r"gaps +sent \d\.\d s, dropped 0\.0 s, concealed 0\.0 s; network 0, bot 0, devices 0",
        r"\d+\.\d{3} s  turn       closes: \d\.\d s sent",
    )
    terminal.type(b"q")
    assert terminal.end() == 0
    assert terminal.settings() == terminal.before
    assert [path.name for path in tmp_path.iterdir()] == ["heard.wav"]


def test_a_tap_and_mute(terminal: Terminal) -> None:
    terminal.shows("q: end")
    terminal.type(b"\r")
    terminal.shows(r"button     tap release", r"state +ready", r"light +●●● listening")
    terminal.type(b"m")
    terminal.shows(r"button     mute press", r"now +in session; muted", r"light +●●● muted \(red breathing\)")
    seen, seen_s = len(terminal.raw), time.monotonic()
    terminal.type(b"\n")
    terminal.shows(r"state +disconnected", r"now +no session; muted")
    while (lit_s := time.monotonic() - seen_s) < BREATH_S:
        terminal.look(0.1)
    reds = [int(red) for red in re.findall(r"\x1b\[38;2;(\d+);0;0m", terminal.raw[seen:])]
    assert min(reds) < 60 and max(reds) > 240 and len(set(reds)) > 10, f"it breathes: {reds}"
    assert len(reds) <= lit_s / 0.1 + 1, "and is not drawn more often than ten times a second"
    terminal.type(b" q")
    assert terminal.end() == 0
    assert "talk press" in terminal.picture, "keys that come together all count"
    assert terminal.settings() == terminal.before


def test_a_picture_like_the_last_is_not_drawn_again(terminal: Terminal) -> None:
    terminal.shows("q: end")
    seen = len(terminal.raw)
    time.sleep(0.5)
    terminal.type(b"q")
    assert terminal.end() == 0
    assert terminal.raw[seen:].count("q: end") <= 1, "but for the last, which stays"


@pytest.mark.parametrize("how", [b"q", b"\x03", signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("talking", [False, True])
def test_the_terminal_is_left_as_it_was(terminal: Terminal, how: bytes | signal.Signals, talking: bool) -> None:
    terminal.shows("q: end")
    if talking:
        terminal.type(b" ")
        terminal.shows(r"state +ready")
    if isinstance(how, bytes):
        terminal.type(how)
    else:
        terminal.popen.send_signal(how)
    assert terminal.end() == (130 if how == b"\x03" else 0)
    assert terminal.settings() == terminal.before
    assert terminal.raw.rindex("\x1b[?25h") > terminal.raw.rindex("\x1b[?25l"), "the cursor is there again"
    assert "Traceback" not in terminal.raw


def test_a_terminal_that_is_closed(terminal: Terminal) -> None:
    terminal.shows("q: end")
    terminal.hang_up()
    assert terminal.popen.wait(10) == 0


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
