"""The runner of a benchmark, in a process of its own: the real one where its environment exists, else the embedded."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PIPECAT_PYTHON = ROOT / ".venv-pipecat" / "bin" / "python"
UP_WITHIN_S = 60.0
"""The first start after an installation compiles everything."""


@dataclass(frozen=True, slots=True)
class Runner:
    """One that answers."""

    name: str
    """For the table."""
    url: str
    real: bool
    """Whether its bot speaks while it is spoken to, and tells when it hears a click (`bot.py`)."""
    log: Path
    """Where that stands."""


@contextlib.contextmanager
def runner(folder: Path, *, module: str = "bench.bot") -> Iterator[Runner]:
    """A runner on a free loopback port, killed at the end. What it writes goes to a file in *folder*, and so does what
    its bots, those of *module*, keep."""
    real = PIPECAT_PYTHON.exists()
    port = _free_port()
    command = [str(PIPECAT_PYTHON), "-m", module, "-t", "webrtc"]
    if not real:
        command = [sys.executable, "-m", "appliance", "runner", "--bot", "echo"]
    found = Runner(
        name="the real Pipecat runner" if real else "the embedded runner (there is no .venv-pipecat)",
        url=f"http://127.0.0.1:{port}",
        real=real,
        log=folder / "bot.jsonl",
    )
    found.log.touch()
    output = folder / "runner.log"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "BENCH_LOG": str(found.log), "BOT_RECORDINGS": str(folder)},
        )
        try:
            _wait_until_up(process, found.url, output)
            yield found
        finally:
            process.kill()
            process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], url: str, output: Path) -> None:
    deadline_s = time.monotonic() + UP_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline_s:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/status", timeout=5):
            return
        time.sleep(0.05)
    raise SystemExit(f"the runner did not start:\n{output.read_text(errors='replace')[-5000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
