"""The appliance as a process for `bench box`: `voice-appliance run`, its socket, and its costs, seen from outside."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from appliance.control.client import Client
from appliance.errors import ApplianceError

DEADLINE_S = 10.0
Told = dict[str, Any]

RUN = "import sys; from appliance.cli import main; sys.exit(main(['run', '--config', sys.argv[1]]))"
TELL_LIGHT = """
import os, socket, time
from appliance.board import gpio
show = gpio.GpioBoard.show
def first(self, colour, pattern):
    show(self, colour, pattern)
    gpio.GpioBoard.show = show
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.sendto(b"LIGHT=1", os.environ["NOTIFY_SOCKET"])
gpio.GpioBoard.show = first
"""
"""Before `RUN`: sends word of the first light to where readiness is sent, too."""


class Notices:
    """A notify socket, as a supervisor has one."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(DEADLINE_S)

    def until(self, word: bytes) -> float:
        """When *word* came, monotonic; what comes before it is passed over."""
        while word not in self._socket.recv(4096):
            pass
        return time.monotonic()

    def close(self) -> None:
        self._socket.close()


class Daemon:
    """One that is being started. `close` is owed; what it logs goes to a file in *folder*."""

    def __init__(self, folder: Path, toml: str, environment: Mapping[str, str], *, tell_light: bool = False) -> None:
        place, config = folder / "s", folder / "config.toml"
        config.write_text(f'{toml}\n[control]\nsocket = "{place}"\n', encoding="utf-8")
        self.notices = Notices(folder / "n")
        own = {"PYTHONPATH": str(Path(__file__).parent.parent), "NOTIFY_SOCKET": str(self.notices.path)}
        self._log = (folder / "daemon.log").open("ab")
        self.began_s = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-c", (TELL_LIGHT if tell_light else "") + RUN, str(config)],
            env={**os.environ, **environment, **own},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        self.client = Client(place)
        self._told: queue.Queue[Told] = queue.Queue()

    def follow(self) -> None:
        """Read its events from now on, on a thread of their own."""
        threading.Thread(target=self._read, name="events", daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(ApplianceError):  # it ends
            for line in self.client.events():
                self._told.put(json.loads(line))

    def until(self, **wanted: object) -> Told:
        """The next event with the fields *wanted*; what comes before it is passed over."""
        until_s, passed = time.monotonic() + DEADLINE_S, list[Told]()
        while True:
            try:
                told = self._told.get(timeout=max(until_s - time.monotonic(), 0.0))
            except queue.Empty:
                said = Path(self._log.name).read_text(encoding="utf-8")[-3000:]
                raise SystemExit(f"the daemon did not tell {wanted}, but: {passed}\n{said}") from None
            if wanted.items() <= told.items():
                return told
            passed.append(told)

    def press(self, button: str) -> None:
        self.client.post("/v1/board/press", {"button": button})

    def release(self, button: str) -> None:
        self.client.post("/v1/board/release", {"button": button})

    def cpu_s(self) -> float:
        """Time on a processor of all its threads so far."""
        tasks = Path(f"/proc/{self._process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9

    def cpu_percent(self, seconds: float) -> float:
        """Of one core, over the next *seconds*."""
        before_s, begun_s = self.cpu_s(), time.monotonic()
        time.sleep(seconds)
        return 100 * (self.cpu_s() - before_s) / (time.monotonic() - begun_s)

    def memory_mb(self) -> dict[str, float]:
        """Resident memory, and its proportional share of what others have in use too."""
        rollup = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text(encoding="ascii")
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines() if line.endswith("kB")}
        return {"rss": kilobytes["Rss"] / 1024, "pss": kilobytes["Pss"] / 1024}

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.notices.close()
        self._log.close()


@contextlib.contextmanager
def daemon(folder: Path, toml: str, environment: Mapping[str, str], *, tell_light: bool = False) -> Iterator[Daemon]:
    found = Daemon(folder, toml, environment, tell_light=tell_light)
    try:
        yield found
    finally:
        found.close()
