"""What systemd is told: ready, reloading, stopping, and the state in a sentence (sd_notify(3)).

Where nobody asked to be told (no NOTIFY_SOCKET) or systemd-python is not installed, nothing happens.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import time
from collections.abc import Callable

from appliance.service.driver import Step
from appliance.service.sentence import sentence
from appliance.telling import tell

log = logging.getLogger("appliance")


class Notifier:
    """An observer of the driver's steps, for the sentence. Loop only. *send* takes a whole notification."""

    def __init__(self, send: Callable[[str], object] | None) -> None:
        self._send = send
        self._sentence = ""

    def __call__(self, step: Step) -> None:
        self.status(sentence(step.after))

    def status(self, line: str) -> None:
        """STATUS=, when it is another one than before."""
        if line != self._sentence:
            self._sentence = line
            self._notify(f"STATUS={line}")

    def ready(self) -> None:
        """It has started, or reloading is over, whatever came of it."""
        self._notify("READY=1")

    def reloading(self) -> None:
        """`ready` is owed."""
        self._notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._notify("STOPPING=1")

    def alive(self) -> None:
        """There is proof of life; systemd ends a process of which it hears none (`WatchdogSec=`)."""
        self._notify("WATCHDOG=1")

    def _notify(self, text: str) -> None:
        if self._send is not None:
            with contextlib.suppress(OSError):  # a systemd that is being replaced: it asks again by itself
                self._send(text.encode("utf-8", "backslashreplace").decode())


def notifier() -> Notifier:
    """For the systemd that started this process, if one did and wants to know."""
    if "NOTIFY_SOCKET" not in os.environ:
        return Notifier(None)
    try:
        from systemd.daemon import notify  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        tell(log, logging.ERROR, "notify_unavailable", reason="systemd-python is not installed")
        return Notifier(None)
    return Notifier(_if_it_reads(notify, os.environ["NOTIFY_SOCKET"]))


def _if_it_reads(notify: Callable[[str], object], place: str) -> Callable[[str], object]:
    """*notify* waits, with all threads of Python, while *place* is full; what cannot be said at once is not said."""
    address = "\0" + place[1:] if place.startswith("@") else place

    def send(text: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
            probe.setblocking(False)
            probe.connect(address)
            if select.select([], [probe], [], 0)[1]:
                notify(text)

    return send
