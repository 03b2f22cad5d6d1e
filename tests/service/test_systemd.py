"""What systemd is told, over a real notify socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.service.driver import Step
from appliance.service.systemd import Notifier, notifier
from appliance.session.events import Booted
from appliance.session.policy import Policy
from appliance.session.state import State


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket that systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def step(state: State) -> Step:
    return Step(0.0, Booted(), State(), state, (), Policy(), 0.0)


def test_a_life(systemd: socket.socket) -> None:
    told = notifier()
    told.status("starting")
    told(step(State()))
    told(step(State(booted=True)))
    told.ready()
    told(step(State(booted=True)))
    told(step(State(booted=True, quitting=True)))
    told.stopping()
    said = [systemd.recv(4096).decode() for _ in range(5)]
    assert said == ["STATUS=starting", "STATUS=no session", "READY=1", "STATUS=ending", "STOPPING=1"]
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(4096)


def test_reloading_says_when(systemd: socket.socket) -> None:
    before_us = time.monotonic_ns() // 1000
    notifier().reloading()
    first, second = systemd.recv(4096).decode().splitlines()
    assert first == "RELOADING=1"
    name, _, usec = second.partition("=")
    assert name == "MONOTONIC_USEC" and before_us <= int(usec) <= time.monotonic_ns() // 1000


def test_words_that_are_no_utf_8(systemd: socket.socket) -> None:
    notifier().status("a \ud800")
    assert systemd.recv(4096) == rb"STATUS=a \ud800"


def test_nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    told = notifier()
    told.ready()
    told(step(replace(State(), booted=True)))


def test_a_systemd_that_went_away(systemd: socket.socket, tmp_path: Path) -> None:
    told = notifier()
    systemd.close()
    (tmp_path / "notify").unlink()
    told.ready()
    told.status("on")


def test_a_notifier_that_sends_nothing() -> None:
    Notifier(None).stopping()


@pytest.mark.timeout(20)
def test_a_systemd_that_does_not_read_holds_nobody_up(systemd: socket.socket) -> None:
    told = notifier()
    for number in range(1000):  # more than any socket keeps
        told.status(str(number))
    assert [systemd.recv(4096).decode() for _ in range(5)] == [f"STATUS={number}" for number in range(5)]
