"""The daemon as a process of its own: signals, systemd's socket, its log, and the ends it can come to."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.control.client import Client

DEADLINE_S = 20
FILE = """
[runner]
url = "http://127.0.0.1:9"
[microphone]
device = "silence"
[speaker]
device = "null"
[control]
socket = "{socket}"
"""


class Daemon:
    """`voice-appliance run` on a file in *folder*, and the systemd that started it."""

    def __init__(self, folder: Path, *words: str, more: str = "") -> None:
        self.path, self.socket = folder / "a.toml", folder / "s"
        self.write(more)
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind(str(folder / "notify"))
        self._systemd.settimeout(DEADLINE_S)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "appliance", "run", "--config", str(self.path), *words],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NOTIFY_SOCKET": str(folder / "notify")},
        )

    def write(self, more: str) -> None:
        self.path.write_text(FILE.format(socket=self.socket) + more)

    def notified(self, until: str) -> list[str]:
        """The first lines of what systemd is told, up to and with *until*."""
        told: list[str] = []
        while not told or told[-1] != until:
            told.append(self._systemd.recv(4096).decode().splitlines()[0])
        return told

    def log(self, until: str) -> list[str]:
        """The lines of the log, without their times, up to and with the first that begins with *until*."""
        lines: list[str] = []
        assert self.process.stderr is not None
        while not lines or not lines[-1].startswith(until):
            line = self.process.stderr.readline()
            assert line, f"ended after {lines}"
            lines.append(line[9:].rstrip())
        return lines

    def end(self) -> tuple[str, int]:
        """The rest of the log, and the exit status."""
        _, rest = self.process.communicate(timeout=DEADLINE_S)
        return rest, self.process.returncode

    def close(self) -> None:
        self._systemd.close()
        if self.process.poll() is None:
            self.process.kill()
        if self.process.stderr is not None:
            self.process.stderr.close()
        self.process.wait(DEADLINE_S)


@contextlib.contextmanager
def daemon(folder: Path, *words: str) -> Iterator[Daemon]:
    folder.mkdir(exist_ok=True)
    found = Daemon(folder, *words)
    try:
        yield found
    finally:
        found.close()


def test_a_life_as_systemd_sees_it(tmp_path: Path) -> None:
    with daemon(tmp_path) as d:
        assert d.notified("READY=1") == ["STATUS=starting", "STATUS=no session", "READY=1"]
        Client(d.socket).post("/v1/session/start")
        told = d.notified("STATUS=connecting to the runner")
        assert told == ["STATUS=connecting to the runner"]
        d.process.send_signal(signal.SIGTERM)
        assert "STATUS=ending" in d.notified("STOPPING=1") + d.notified("STATUS=ending")
        assert d.end()[1] == 0
        assert not d.socket.exists()


def test_a_signal_to_read_the_file_again(tmp_path: Path) -> None:
    with daemon(tmp_path) as d:
        d.notified("READY=1")
        d.write("[talk]\ntime_out_s = 30\n[gate]\naggressiveness = 2\n")
        d.process.send_signal(signal.SIGHUP)
        assert d.notified("READY=1") == ["RELOADING=1", "READY=1"]
        assert d.log("INFO    reloaded")[-1] == "INFO    reloaded applied=talk.time_out_s restart=''"
        d.write("[talk]\ntime_out_s = 0\nmod = 1\n")
        d.process.send_signal(signal.SIGHUP)
        assert d.notified("READY=1") == ["RELOADING=1", "READY=1"]
        *problems, last = d.log("ERROR   reload_refused")
        assert len(problems) == 2 and all(line.startswith("ERROR   configuration_wrong problem=") for line in problems)
        assert last.startswith("ERROR   reload_refused problems=2")
        assert Client(d.socket).get("/v1/config")["talk"]["time_out_s"] == 30
        d.process.send_signal(signal.SIGTERM)
        assert d.end()[1] == 0


def test_reload_as_a_command_changes_the_rules_that_hold(tmp_path: Path) -> None:
    with daemon(tmp_path) as d:
        d.notified("READY=1")
        client = Client(d.socket)
        d.write("[reconnect]\nattempts_max = 1\n")
        assert client.post("/v1/reload") == {"applied": ["reconnect.attempts_max"], "restart": []}
        client.post("/v1/session/start")
        said = d.log("WARNING error")[-1]
        assert "source=start" in said
        assert client.get("/v1/status")["recovery"]["phase"] == "given-up"
        d.process.send_signal(signal.SIGTERM)
        assert d.end()[1] == 0


def test_a_signal_asks_what_it_is_doing(tmp_path: Path) -> None:
    with daemon(tmp_path) as d:
        d.notified("READY=1")
        assert Client(d.socket).get("/v1/status")["state"] == "idle"  # so the loop turns
        d.process.send_signal(signal.SIGUSR1)
        told = d.log("INFO    thread name=playback")
        assert any(line.startswith("INFO    task name=until-told stack=locks.py:") for line in told)
        assert any("thread name=capture" in line and "_wait" in line for line in told)
        assert Client(d.socket).get("/v1/status")["state"] == "idle", "and goes on"


def test_the_log_as_objects(tmp_path: Path) -> None:
    with daemon(tmp_path, "--log-format", "json") as d:
        d.notified("READY=1")
        Client(d.socket).post("/v1/session/start")
        d.process.send_signal(signal.SIGTERM)
        entries = [json.loads(line) for line in d.end()[0].splitlines()]
        state = next(entry for entry in entries if entry.get("event") == "state")
        assert state["fields"] == {"state": "authenticating", "previous": "idle", "attempt": 1}


def test_a_log_that_nobody_reads_any_more(tmp_path: Path) -> None:
    with daemon(tmp_path) as d:
        assert d.process.stderr is not None
        d.process.stderr.close()
        d.notified("READY=1")
        client = Client(d.socket)
        for _ in range(3):
            client.post("/v1/session/start")
            client.post("/v1/session/stop")
        assert client.get("/v1/status")["state"] in {"disconnecting", "disconnected"}
        d.process.send_signal(signal.SIGTERM)
        assert d.process.wait(DEADLINE_S) == 0


def test_one_appliance_for_each_socket(tmp_path: Path) -> None:
    with daemon(tmp_path) as first:
        first.notified("READY=1")
        again = subprocess.run(
            [sys.executable, "-m", "appliance", "run", "--config", str(first.path)],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert again.returncode == 1
        assert again.stderr == (
            f"voice-appliance: another appliance is running at {first.socket}; "
            "stop it, or set [control] socket to another path\n"
        )
        assert Client(first.socket).get("/v1/status")["state"] == "idle"


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ("[talk]\nmod = 1\n", 78, "a.toml:11: talk.mod: unknown key; did you mean mode?\n"),
        ("[speaker]\n", 78, "Cannot declare"),
    ],
)
def test_a_file_that_is_wrong_at_the_start(tmp_path: Path, more: str, status: int, said: str) -> None:
    d = Daemon(tmp_path, more=more)
    err, code = d.end()
    d.close()
    assert code == status and said.lower() in err.lower() and err.count("\n") == 1


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(FILE.format(socket=tmp_path / "none" / "s"))
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "run", "--config", str(path)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (69, "")
    assert "no place for the control socket" in done.stderr
