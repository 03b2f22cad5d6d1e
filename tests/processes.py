"""The appliance as a process of its own, as its owner has it: a configuration, a socket, signals, an exit status."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from appliance.control.client import Client
from tests.runners import ROOT

DEADLINE_S = 20.0
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def python(*words: str) -> list[str]:
    return [sys.executable, *words]


class Process:
    """A command, its output gathered as it comes. `kill` is owed."""

    def __init__(self, command: list[str], folder: Path, **environment: str) -> None:
        self.began_s = time.monotonic()
        self.lines: list[str] = []
        self._came: queue.Queue[str | None] = queue.Queue()
        self.popen = subprocess.Popen(
            command,
            cwd=folder,
            env=ENVIRONMENT | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._gather, name="output", daemon=True).start()

    def _gather(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._came.put(line.rstrip("\n"))
        self.popen.stdout.close()
        self._came.put(None)

    def until(self, text: str) -> str:
        """The next line with *text* in it."""
        end_s = time.monotonic() + DEADLINE_S
        with contextlib.suppress(queue.Empty):
            while (line := self._came.get(timeout=max(end_s - time.monotonic(), 0.0))) is not None:
                self.lines.append(line)
                if text in line:
                    return line
        raise AssertionError(f"no line with {text!r}:\n" + "\n".join(self.lines))

    def signal(self, number: int = signal.SIGTERM) -> None:
        self.popen.send_signal(number)

    def end(self, within_s: float = DEADLINE_S) -> int:
        """Its exit status, once it has ended; what it said is in `lines`, whole."""
        try:
            status = self.popen.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still there after {within_s} s:\n" + "\n".join(self._rest())) from None
        self._rest()
        return status

    def _rest(self) -> list[str]:
        while (line := self._came.get(timeout=DEADLINE_S)) is not None:
            self.lines.append(line)
        self._came.put(None)
        return self.lines

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.popen.pid}/fd").iterdir()))

    def kill(self) -> None:
        """Idempotent."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()


class Daemon(Process):
    """`run`, with a control socket and WAV files in *folder*. Constructed, it answers."""

    def __init__(
        self, folder: Path, toml: str = "", *, script: str = "", microphone: str = "silence", inside: Sequence[str] = ()
    ) -> None:
        """*script* runs before the command, in the same process; *inside* is a command that runs it elsewhere."""
        self.socket = folder / "s"
        self.heard = folder / "heard.wav"
        self.config = folder / "config.toml"
        self.config.write_text(
            f'{toml}\n[microphone]\ndevice = "{microphone}"\n[speaker]\ndevice = "wav:{self.heard}"\n'
            f'[control]\nsocket = "{self.socket}"\n[buttons.talk]\nrole = "talk"\n[buttons.session]\nrole = "session"\n'
        )
        main = f"{script}\nimport sys\nfrom appliance.cli import main\nsys.exit(main(['run', '--config', sys.argv[1]]))"
        super().__init__([*inside, *python("-c", main, str(self.config))], folder)
        self.client = Client(self.socket)

    def wait_up(self) -> None:
        """Until it answers on its socket."""
        end_s = time.monotonic() + DEADLINE_S
        while self.client.why_not() is not None:
            assert time.monotonic() < end_s and self.popen.poll() is None, "\n".join(self._rest())
            time.sleep(0.01)  # another process has no event to wait for
        self.client.get("/v1/status")

    def press(self, button: str) -> dict[str, Any]:
        return self.client.post("/v1/board/press", {"button": button})

    def release(self, button: str) -> dict[str, Any]:
        return self.client.post("/v1/board/release", {"button": button})

    def tap(self, button: str) -> None:
        self.press(button)
        self.release(button)


@contextlib.contextmanager
def daemon(folder: Path, toml: str = "", **how: Any) -> Iterator[Daemon]:
    """A daemon that is up."""
    process = Daemon(folder, toml, **how)
    try:
        process.wait_up()
        yield process
    finally:
        process.kill()
