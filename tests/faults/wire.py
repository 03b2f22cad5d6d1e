"""Two network namespaces with a cable between them: a box in one, a runner in the other. Root only, nothing outside."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Daemon, Process, python
from tests.runners import ROOT

RUNNER, PORT = "10.88.0.2", 7860
HOME, ELSEWHERE = "10.88.0.1", "10.88.0.77"
END = "wire0"
SENTENCE = ROOT / "appliance" / "demo" / "hello.wav"

_numbers = itertools.count()


def why_not() -> str | None:
    """Why this machine has no such namespaces, or None."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces of its own"
    if shutil.which("ip") is None:
        return "needs ip, of the package iproute2; scripts/test installs it"
    name = f"va-{os.getpid()}-{next(_numbers)}-probe"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return f"needs network namespaces: {made.stderr.strip()}"
    _ip("netns", "del", name)
    return None


class Wire:
    """The cable, the runner at its end, and the box. Both ends are up and have addresses at first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        number = f"va-{os.getpid()}-{next(_numbers)}"
        self._box, self._bot = f"{number}-box", f"{number}-bot"
        self._address = HOME
        self._processes: list[Process] = []

    def __enter__(self) -> Wire:
        if (why := why_not()) is not None:
            pytest.skip(why)
        for name in (self._box, self._bot):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("link", "add", END, "netns", self._box, "type", "veth", "peer", "name", END, "netns", self._bot)
        self.far("address", "add", f"{RUNNER}/24", "dev", END)
        self.far("link", "set", END, "up")
        self.near("address", "add", f"{HOME}/24", "dev", END)
        self.near("link", "set", END, "up")
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.kill()
        for name in (self._box, self._bot):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def near(self, *words: str) -> float:
        """Change something at the box's end, by `ip`. When it was done, as the events count time."""
        _ip("-n", self._box, *words)
        return time.monotonic()

    def far(self, *words: str) -> float:
        """The same at the runner's end."""
        _ip("-n", self._bot, *words)
        return time.monotonic()

    def move(self) -> float:
        """The box's end gets another address in place of the one it had."""
        self._address = HOME if self._address == ELSEWHERE else ELSEWHERE
        self.near("address", "flush", "dev", END)
        return self.near("address", "add", f"{self._address}/24", "dev", END)

    @property
    def near_side(self) -> list[str]:
        """What runs a command in the box's namespace."""
        return _inside(self._box)

    def runner(self, bot: str = "echo") -> Process:
        command = [*_inside(self._bot), *python("-m", "appliance", "runner", "--host", RUNNER, "--port", str(PORT))]
        process = Process([*command, "--bot", bot], self._folder)
        self._processes.append(process)
        process.until("bot:")
        return process

    def box(self) -> Box:
        """A daemon that wants a session always, from boot on."""
        toml = f'[runner]\nurl = "http://{RUNNER}:{PORT}"\n[session]\nkeep = "always"\n'
        daemon = Daemon(self._folder, toml, microphone=f"wav:{SENTENCE}", inside=self.near_side)
        self._processes.append(daemon)
        daemon.wait_up()
        events = Process(python("-m", "appliance", "events", "--json", "--socket", str(daemon.socket)), self._folder)
        self._processes.append(events)
        return Box(daemon, events)


class Box:
    """The daemon, and what it tells."""

    def __init__(self, daemon: Daemon, events: Process) -> None:
        self.daemon = daemon
        self._events = events
        events.until('"type":"status"')

    def until(self, **wanted: object) -> dict[str, Any]:
        """The next event with the fields *wanted*."""
        while True:
            event: dict[str, Any] = json.loads(self._events.until("{"))
            if all(event.get(key) == value for key, value in wanted.items()):
                return event

    def ready(self) -> None:
        if self.status["state"] != "ready":
            self.until(type="state", state="ready")

    def talks(self) -> None:
        """A turn, and the bot's answer to it: the session works, both ways."""
        self.daemon.press("talk")
        self.until(type="turn", event="start")
        time.sleep(1.0)  # a person talks
        self.daemon.release("talk")
        assert self.until(type="turn", event="stop")["delivered"] is True
        self.until(type="bot", event="audible")

    def log(self) -> list[str]:
        """What the daemon has logged, to its end: it is told to end."""
        self.daemon.signal()
        self.daemon.end()
        return self.daemon.lines

    def told(self) -> list[dict[str, Any]]:
        """All that has been waited for or passed over so far."""
        return [json.loads(line) for line in self._events.lines]

    @property
    def status(self) -> dict[str, Any]:
        return self.daemon.client.get("/v1/status")


def _inside(namespace: str) -> list[str]:
    return ["ip", "netns", "exec", namespace]


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
