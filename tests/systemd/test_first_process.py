"""The service as its owner has it: the unit that is shipped, under a systemd that is the first process.

One machine for all, since each test leaves the service stopped.
"""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator

import pytest

from tests.systemd import breaking
from tests.systemd.machine import CONFIG, INSTALLED, SOCKET, UNIT, Machine, machine, why_not

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(150)]

PROGRAM = f"{INSTALLED}/.venv/bin/voice-appliance"
GOOD = """
[microphone]
device = "silence"
[speaker]
device = "null"
"""
WATCHDOG_S = 4.0
"""Less than what is shipped, for the sake of who waits for it."""
RESTART_S = 2.0
UP_S = 20.0
"""For a start on a machine that does other things too."""


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    with machine(tmp_path_factory.mktemp("first")) as found:
        found.write(f"/etc/systemd/system/{UNIT}.d/quick.conf", f"[Service]\nWatchdogSec={WATCHDOG_S:g}\n")
        found.run("systemctl", "daemon-reload")
        yield found


@pytest.fixture
def box(one: Machine) -> Iterator[Machine]:
    """The service, up."""
    one.write(CONFIG, GOOD)
    one.run("systemctl", "start", UNIT)
    yield one
    one.run("systemctl", "stop", UNIT)
    one.run("systemctl", "reset-failed", UNIT, check=False)


def main_process(box: Machine) -> str:
    return box.show("MainPID")[0]


def up_again(box: Machine, before: str, within_s: float) -> float:
    """Until another process than *before* is ready; how long it took."""

    def is_up() -> bool:
        process, state = box.show("MainPID", "SubState")
        return process not in ("0", before) and state == "running"

    return box.until(is_up, "the service to be up again", within_s)


def status(box: Machine) -> dict[str, object]:
    found: dict[str, object] = json.loads(box.run(PROGRAM, "status", "--json"))
    return found


def test_it_is_up_and_says_so(box: Machine) -> None:
    assert box.show("ActiveState", "SubState", "StatusText", "NRestarts") == ["active", "running", "no session", "0"]
    assert status(box)["state"] == "idle" and status(box)["last_end"] is None
    user, groups = box.run("ps", "-o", "user:32,supgrp:64", "--no-headers", "-p", main_process(box)).split()
    assert user == "voice-appliance" and {"audio", "gpio"} <= set(groups.split(","))
    assert box.run("stat", "-c", "%a %G", SOCKET) == "660 voice-appliance"
    box.run(PROGRAM, "start")
    box.until(lambda: status(box)["state"] == "ready", "a session with the embedded runner")
    assert box.show("StatusText") == ["in session"]


def test_the_journal_has_fields(box: Machine) -> None:
    box.run(PROGRAM, "start")
    box.until(lambda: status(box)["state"] == "ready", "a session")
    entries = [json.loads(line) for line in box.run("journalctl", "-u", UNIT, "-o", "json").splitlines()]
    ready = next(entry for entry in entries if entry.get("APPLIANCE_STATE") == "ready")
    assert (ready["APPLIANCE_EVENT"], ready["SYSLOG_IDENTIFIER"]) == ("state", "voice-appliance")


def test_killed_it_comes_back_and_says_why(box: Machine) -> None:
    before = main_process(box)
    box.run("kill", "-KILL", before)
    assert up_again(box, before, UP_S) >= RESTART_S - 0.5
    assert status(box)["last_end"] == "it was killed (SIGKILL)"
    assert "last end    it was killed (SIGKILL)" in box.run(PROGRAM, "status")


def hang(box: Machine, number: int) -> None:
    """By the signal *number*: it is ended, no sooner and no later than the watchdog says, and comes back."""
    before, began_s = main_process(box), time.monotonic()
    box.run("kill", f"-{number}", before)
    box.until(lambda: main_process(box) != before, "the end of the one that hangs", WATCHDOG_S + 2)
    assert time.monotonic() - began_s > WATCHDOG_S / 2
    up_again(box, before, RESTART_S + UP_S)
    assert status(box)["last_end"] == "it hung, and the watchdog of systemd ended it"


def test_one_that_hangs_is_ended_within_the_watchdogs_time(box: Machine) -> None:
    hang(box, signal.SIGSTOP)


def test_a_loop_that_hangs_is_found_though_the_threads_go_on(one: Machine) -> None:
    one.write(CONFIG, GOOD)
    one.breakable()
    one.run("systemctl", "start", UNIT)
    try:
        hang(one, breaking.LOOP_HANGS)
    finally:
        one.run("systemctl", "stop", UNIT)
        one.breakable(yes=False)


def test_one_that_is_idle_is_left_alone(box: Machine) -> None:
    before = main_process(box)
    time.sleep(WATCHDOG_S + 2)  # real time is what it is about
    assert main_process(box) == before and status(box)["state"] == "idle"


def test_a_wrong_configuration_is_told_and_not_tried_again(one: Machine) -> None:
    one.write(CONFIG, "[talk]\nmod = 1\n")
    one.run("systemctl", "start", UNIT, check=False)
    one.until(lambda: one.show("ActiveState") == ["failed"], "the failure")
    time.sleep(RESTART_S + 1)  # so long it would take to be tried again
    assert one.show("ActiveState", "ExecMainStatus", "NRestarts") == ["failed", "78", "0"]
    said = one.run("journalctl", "-u", UNIT, "-n", "20", "-o", "cat", "--no-pager")
    assert f"{CONFIG}:2: talk.mod: unknown key; did you mean mode?" in said
    one.run("systemctl", "reset-failed", UNIT)


def test_it_stops_politely_and_soon(box: Machine) -> None:
    box.run(PROGRAM, "start")
    box.until(lambda: status(box)["state"] == "ready", "a session")
    began_s = time.monotonic()
    box.run("systemctl", "stop", UNIT)
    assert time.monotonic() - began_s < 5.0
    assert box.show("Result", "ExecMainStatus") == ["success", "0"]
    said = box.run("journalctl", "-u", UNIT, "-n", "20", "-o", "cat", "--no-pager")
    assert "session_end reason='the appliance is shutting down'" in said
    assert box.run("ls", "-A", "/run/voice-appliance", check=False) == ""


def test_a_second_one_is_refused(box: Machine) -> None:
    before = main_process(box)
    said = box.run("sh", "-c", f"{PROGRAM} run --config {CONFIG} 2>&1; echo status $?")
    assert f"another appliance is running at {SOCKET}" in said and said.endswith("status 1")
    assert main_process(box) == before and status(box)["state"] == "idle"


def test_reload_takes_a_file_that_is_right(box: Machine) -> None:
    box.write(CONFIG, GOOD + "[talk]\ntime_out_s = 30\n")
    box.run("systemctl", "reload", UNIT)
    assert '"time_out_s": 30' in box.run(PROGRAM, "config", "--json", "--config", CONFIG)
    box.write(CONFIG, GOOD + "[talk]\ntime_out_s = 0\n")
    box.run("systemctl", "reload", UNIT, check=False)
    assert box.show("ActiveState") == ["active"]


def test_many_restarts_leave_nothing_behind(box: Machine) -> None:
    """Files in its folders, processes, and what a fresh one has open."""
    seen: list[tuple[str, int, int]] = []
    for _ in range(3):
        before = main_process(box)
        box.run("kill", "-KILL", before)
        up_again(box, before, UP_S)
        box.until(lambda: status(box)["state"] == "idle", "an answer")
        pid = main_process(box)
        files = box.run("ls", "-A", "/run/voice-appliance", "/var/lib/voice-appliance")
        descriptors = int(box.run("sh", "-c", f"ls /proc/{pid}/fd | wc -l"))
        rss = re.search(r"VmRSS:\s+(\d+)", box.run("cat", f"/proc/{pid}/status"))
        assert rss is not None
        seen.append((files, descriptors, int(rss.group(1))))
    assert len({files for files, *_ in seen}) == 1
    assert max(count for _, count, _ in seen) - min(count for _, count, _ in seen) <= 1  # a client's, just being closed
    assert max(rss for *_, rss in seen) < 1.1 * min(rss for *_, rss in seen)
