"""The client against what does not answer as an appliance does."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.control import client as client_module
from appliance.control.client import Client, RefusedError
from appliance.errors import ApplianceError

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextlib.contextmanager
def answering(path: Path, reply: bytes | None) -> Iterator[None]:
    """Somebody who answers everything with *reply*, and then hangs up; None: who says nothing."""
    done = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(0.02)

        def serve() -> None:
            while not done.is_set():
                with contextlib.suppress(TimeoutError, OSError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(5)
                        connection.recv(65_536)
                        if reply is None:
                            done.wait(5)
                        else:
                            connection.sendall(reply)

        thread = threading.Thread(target=serve, name="answering")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"", r"no answer from the appliance at .*: remote end closed connection without response; look at its log"),
        (b"220 mail.example SMTP\r\n", "it does not speak HTTP"),
        (JSON + b"Content-Length: 5\r\n\r\nhello", "is no appliance: status 200, and no JSON object; see --socket"),
        (JSON + b"Content-Length: 2\r\n\r\n[]", "is no appliance: status 200, and no JSON object"),
        (JSON + b"Content-Length: 3\r\n\r\n\xff\xfe\xfd", "is no appliance"),
        (JSON + b"Content-Length: 99999\r\n\r\n" + b"[" * 99_999, "is no appliance"),
        (JSON + b"Content-Length: 99\r\n\r\n{", "is no appliance"),
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "is no appliance: status 302"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\n<p/>", "is no appliance: status 500"),
    ],
)
def test_nonsense(tmp_path: Path, reply: bytes, said: str) -> None:
    with answering(tmp_path / "s", reply), pytest.raises(ApplianceError, match=said):
        Client(tmp_path / "s").get("/v1/status")


def test_an_error_without_words(tmp_path: Path) -> None:
    reply = b"HTTP/1.1 418 Teapot\r\nContent-Length: 2\r\n\r\n{}"
    with answering(tmp_path / "s", reply), pytest.raises(RefusedError, match="refused with status 418"):
        Client(tmp_path / "s").get("/v1/status")


def test_one_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT_S", 0.02)
    with answering(tmp_path / "s", None):
        client = Client(tmp_path / "s")
        for ask in (lambda: client.get("/v1/status"), lambda: next(client.events())):
            with pytest.raises(ApplianceError, match=r"it does not answer within 0\.02 s; look at its log"):
                ask()


@pytest.mark.parametrize("rest", [b"5\r\n{}\n", b"3\r\n{}\n\r\n", b"3\r\n{}\n\r\n2\r\n{}\r\n0\r\n\r\n"])
def test_events_that_break_off(tmp_path: Path, rest: bytes) -> None:
    reply = JSON + b"Transfer-Encoding: chunked\r\n\r\n" + rest
    with answering(tmp_path / "s", reply), pytest.raises(ApplianceError, match=r"the events of .* broke off"):
        list(Client(tmp_path / "s").events())


def test_why_not(tmp_path: Path) -> None:
    path = tmp_path / "s"
    assert Client(path).why_not() == "not there"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
        assert Client(path).why_not() == "nobody listens"
        bound.listen()
        assert Client(path).why_not() is None
    assert Client(path / "x").why_not() == "not a directory"
    assert Client(Path("/" + "x" * 200)).why_not() == "af_unix path too long"
    (tmp_path / "file").write_text("")
    assert Client(tmp_path / "file").why_not() == "nobody listens"


def test_it_needs_nothing_but_the_standard_library() -> None:
    script = """
import sys
import appliance.cli.status, appliance.cli.events, appliance.cli.tap
print({"aiohttp", "asyncio", "numpy", "aiortc"} & sys.modules.keys())
import appliance.control.server
print({"aiohttp", "numpy", "aiortc"} & sys.modules.keys())
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\nset()\n"
