"""One way for tests to have a runner: the embedded one, or the real one from the environment `.venv-pipecat`.

    async with runner("pipecat", bot="leaves:0.5") as r:
        ... r.url ... r.heard() ...

The real one is started once and serves every test after that; which bot it makes is told to it by a file. What it wrote
to its log meanwhile is printed when a test fails.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bots.recording import Kept

if TYPE_CHECKING:
    from appliance.runner.server import EmbeddedRunner

Samples = NDArray[np.int16]

ROOT = Path(__file__).parent.parent
PIPECAT_PYTHON = ROOT / ".venv-pipecat" / "bin" / "python"
HEARD_RATE_HZ = 16_000
EMBEDDED_RATE_HZ = 48_000
START_DEADLINE_S = 60.0
"""The first start after an installation compiles everything."""

BOTH = ["embedded", pytest.param("pipecat", marks=pytest.mark.runner)]
"""For `parametrize`: a suite over both kinds."""


class Runner(Protocol):
    """What a test may know of a runner."""

    url: str
    """Its base."""

    def sessions(self) -> list[str]:
        """Ids of the sessions in which something was heard, oldest first, since the test began."""

    def heard(self, session: str = "") -> Samples:
        """What *session*, or the last one, heard: 16 kHz mono."""

    def told(self, session: str = "") -> list[tuple[int, object]]:
        """The client-messages of *session*, or the last one, each with how many frames (16 kHz) were heard before."""

    def kill(self) -> None:
        """End it as a power cut would. Only a runner in a process of its own can be killed."""


class Embedded:
    """The embedded runner on the test's own loop."""

    def __init__(self, url: str, inner: EmbeddedRunner) -> None:
        self.url = url
        self.inner = inner

    def sessions(self) -> list[str]:
        return list(self.inner.seen.sessions)

    def heard(self, session: str = "") -> Samples:
        import soxr  # type: ignore[import-untyped,unused-ignore]  # here: most test files never ask

        tape = self.inner.tape(session or self.sessions()[-1])
        parts = [item for item in tape if not isinstance(item, dict)]
        whole = np.concatenate([*parts, np.zeros(0, np.int16)])
        return np.asarray(soxr.resample(whole, EMBEDDED_RATE_HZ, HEARD_RATE_HZ), np.int16)

    def told(self, session: str = "") -> list[tuple[int, object]]:
        frames, told = 0, list[tuple[int, object]]()
        for item in self.inner.tape(session or self.sessions()[-1]):
            if not isinstance(item, dict):
                frames += len(item)
            elif item["type"] == "client-message":
                told.append((frames * HEARD_RATE_HZ // EMBEDDED_RATE_HZ, item["data"]))
        return told

    def kill(self) -> None:
        raise NotImplementedError("it lives in the test's own process; use kind 'embedded-process'")


class Child:
    """A runner in a process of its own, with its log in a file."""

    def __init__(self, command: list[str], folder: Path, **environment: str) -> None:
        """*command* gets `--host` and `--port` added. Returns when it answers."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._command = [*command, "--host", "127.0.0.1", "--port", str(port)]
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._launch()

    def _launch(self) -> None:
        self._launched_s = time.time()
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                env=self._environment,
            )
        atexit.register(self.kill)
        self._wait_until_up()

    def again(self) -> None:
        """After `kill`: the same runner at the same address. Blocks until it answers."""
        self._launch()

    def freeze(self) -> None:
        """It stands still, its sockets open, until `thaw`."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """As a service manager does, also when it stands still."""
        self._process.terminate()
        self.thaw()

    def wait_ended(self, patience_s: float) -> None:
        """Until it has ended, but no longer than that."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)

    def _wait_until_up(self) -> None:
        deadline_s = time.monotonic() + START_DEADLINE_S
        while self._process.poll() is None and time.monotonic() < deadline_s:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/status", timeout=5):
                return
            time.sleep(0.05)  # another process has no event to wait for
        self.kill()
        raise AssertionError(f"the runner did not start:\n{self.log()}")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def log(self, start: int = 0) -> str:
        """What it wrote, from byte *start* on; the last 20,000 characters."""
        return (self._folder / "log").read_bytes()[start:].decode(errors="replace")[-20_000:]

    def log_size(self) -> int:
        return (self._folder / "log").stat().st_size

    def begin(self, bot: str) -> None:
        """From now on the bots are of this kind, and earlier sessions are forgotten."""
        for old in self._folder.glob("*.s16"):
            old.unlink()
        self.next_bots(bot)

    def next_bots(self, bot: str) -> None:
        """From now on the bots are of this kind."""
        (self._folder / "kind").write_text(bot, encoding="utf-8")

    def sessions(self) -> list[str]:
        return [path.stem for path in sorted(self._folder.glob("*.s16"), key=lambda path: path.stat().st_ctime_ns)]

    def heard(self, session: str = "") -> Samples:
        return np.fromfile(self._folder / f"{session or self.sessions()[-1]}.s16", np.int16)

    def told(self, session: str = "") -> list[tuple[int, object]]:
        log = self._folder / f"{session or self.sessions()[-1]}.jsonl"
        entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        return [(e["after_frames"], {"t": e["message"], "d": e["data"]}) for e in entries if "message" in e]

    def at_work(self) -> list[str]:
        """Ids of the sessions of which the bot has begun and has not ended, since the runner was started last."""
        logs = (path for path in self._folder.glob("*.jsonl") if path.stat().st_mtime >= self._launched_s)
        return [path.stem for path in logs if '"ended"' not in path.read_text(encoding="utf-8")]

    def kept(self, session: str = "") -> Kept:
        """All that the bot of *session*, or of the last one, kept; only the real runner's bots do."""
        return Kept(self._folder, session or self.sessions()[-1])

    def kill(self) -> None:
        """Idempotent."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        atexit.unregister(self.kill)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_shared: list[Child] = []
_folders: list[tempfile.TemporaryDirectory[str]] = []


def _folder() -> Path:
    _folders.append(tempfile.TemporaryDirectory(prefix="runner-"))
    return Path(_folders[-1].name)


def pipecat() -> Child:
    """The real runner of this test session; started if it is not there, or was killed."""
    if not _shared or not _shared[-1].alive:
        _shared.append(_pipecat("echo"))
    return _shared[-1]


def _pipecat(bot: str) -> Child:
    folder = _folder()
    (folder / "kind").write_text(bot, encoding="utf-8")
    command = [str(PIPECAT_PYTHON), str(ROOT / "tests" / "bots" / "bot.py"), "-t", "webrtc"]
    return Child(command, folder, BOT_KIND_FILE=str(folder / "kind"), BOT_RECORDINGS=str(folder), PYTHONPATH=str(ROOT))


@contextlib.contextmanager
def own_pipecat(bot: str = "echo") -> Iterator[Child]:
    """A real runner that nobody else uses, to be killed, frozen and started again."""
    child = _pipecat(bot)
    try:
        with _showing_log(child):
            yield child
    finally:
        child.kill()


def end_all() -> None:
    """End what is still running. Owed at the end of the test session."""
    for child in _shared:
        child.kill()
    _shared.clear()
    for folder in _folders:
        folder.cleanup()
    _folders.clear()


@contextlib.asynccontextmanager
async def runner(kind: str = "embedded", bot: str = "echo") -> AsyncIterator[Runner]:
    """A runner of *kind* `embedded`, `embedded-process` or `pipecat`, whose bots are of the kind *bot*.

    The names of the bots are those of the embedded runner; the real one has no faults of the HTTP side.
    """
    if kind == "embedded":
        from appliance.runner.server import EmbeddedRunner  # here: conftest loads this module for every test

        inner = EmbeddedRunner(bot=bot, record=True)
        url = await inner.start()
        try:
            yield Embedded(url, inner)
        finally:
            await inner.stop()
    elif kind == "embedded-process":
        child = Child([sys.executable, "-m", "appliance", "runner", "--bot", bot], _folder(), PYTHONPATH=str(ROOT))
        with _showing_log(child):
            try:
                yield child
            finally:
                child.kill()
    else:
        child = pipecat()
        child.begin(bot)
        with _showing_log(child):
            yield child


@contextlib.contextmanager
def _showing_log(child: Child) -> Iterator[None]:
    start = child.log_size()
    try:
        yield
    except BaseException:
        print(f"--- the runner's log ---\n{child.log(start)}")
        raise
