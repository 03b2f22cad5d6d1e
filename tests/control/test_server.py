"""The control socket over a real Unix socket: every route, every wrong request."""

from __future__ import annotations

import gzip
import json
import logging
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.control import routes, server
from appliance.control.client import Client, RefusedError
from appliance.control.readers import Readers
from appliance.control.server import ControlServer
from appliance.control.socket_file import SocketFile, listen
from appliance.errors import ApplianceError, ConfigError
from appliance.session.events import ConnectAsked, MuteAsked, StartAsked, StopAsked
from tests.control.serving import DEADLINE_S, Served, raw, serving
from tests.doubles.appliance import FakeBoard


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "s") as served:
        yield served


@pytest.fixture
def client(served: Served) -> Client:
    return Client(served.path)


def board(served: Served) -> FakeBoard:
    assert served.appliance.fake_board is not None
    return served.appliance.fake_board


def answer(served: Served, request: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body (an object) of what comes to raw bytes."""
    with raw(served.path) as connection:
        connection.ask(request, body, Connection="close", **headers)
        head, _, text = connection.rest().partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    found = dict(line.split(": ", 1) for line in lines)
    assert found["Content-Type"] == "application/json; charset=utf-8"
    return int(first.split()[1]), found, json.loads(text)


def test_the_status(served: Served, client: Client) -> None:
    served.appliance.more_status = {"devices": {"microphone": {"name": "Größe"}}}
    assert client.get("/v1/status") == served.appliance.status()


def test_start_and_stop_answer_the_status_after_them(served: Served, client: Client) -> None:
    assert client.post("/v1/session/start")["state"] == "authenticating"
    assert client.post("/v1/session/stop", {})["state"] == "disconnected"
    assert served.appliance.posted == [StartAsked(), StopAsked()]


def test_mute_and_unmute(served: Served, client: Client) -> None:
    assert client.post("/v1/mute")["state"] == "idle"
    assert client.post("/v1/unmute", {})["state"] == "idle"
    assert served.appliance.posted == [MuteAsked(True), MuteAsked(False)]


def test_the_configuration_in_effect(served: Served, client: Client) -> None:
    assert client.get("/v1/config") == served.configuration.config()


def test_reload_answers_what_has_come_of_it(served: Served, client: Client) -> None:
    served.configuration.ending = {"applied": ["talk.mode"], "restart": []}
    assert client.post("/v1/reload") == {"applied": ["talk.mode"], "restart": []}
    assert served.configuration.reloads == 1


@pytest.mark.parametrize(
    ("ending", "status", "said"),
    [
        (ConfigError(["a:1: b: c; d", "a:2: e: f; g"]), 422, "a:1: b: c; d\na:2: e: f; g"),
        (ApplianceError("started without a file"), 409, "started without a file"),
    ],
)
def test_a_reload_that_is_refused(served: Served, client: Client, ending: Exception, status: int, said: str) -> None:
    served.configuration.ending = ending
    with pytest.raises(RefusedError) as refused:
        client.post("/v1/reload")
    assert (refused.value.status, str(refused.value)) == (status, said)


@pytest.mark.parametrize("ask", [lambda c: c.get("/v1/config"), lambda c: c.post("/v1/reload")])
def test_an_appliance_without_a_configuration(tmp_path: Path, ask: Callable[[Client], object]) -> None:
    with serving(tmp_path / "s") as served:
        served.stop()
        served.server = served.call(ControlServer, served.appliance, served.path)
        served.call(served.server.start)
        with pytest.raises(RefusedError, match="no configuration of its own") as refused:
            ask(Client(served.path))
    assert refused.value.status == 409


@pytest.mark.parametrize("parameters", [None, {}, {"url": "http://x", "n": [1, None]}])
def test_connect_as_received_or_changed(served: Served, client: Client, parameters: dict[str, Any] | None) -> None:
    served.appliance.state = "authenticated"
    assert client.post("/v1/session/connect", parameters)["state"] == "connecting"
    assert served.appliance.posted == [ConnectAsked(parameters or None)]


@pytest.mark.parametrize("state", ["idle", "authenticating", "connecting", "ready", "disconnected"])
def test_connect_only_from_authenticated(served: Served, client: Client, state: str) -> None:
    served.appliance.state = state
    with pytest.raises(RefusedError, match=f"the state is {state}, not authenticated") as refused:
        client.post("/v1/session/connect")
    assert refused.value.status == 409
    assert served.appliance.posted == []


def test_press_and_release(served: Served, client: Client) -> None:
    assert client.post("/v1/board/press", {"button": "talk"})["light"]["meaning"] == "listening"
    assert client.post("/v1/board/release", {"button": "talk"})["light"]["meaning"] == "idle"
    assert board(served).edges == [("press", "talk"), ("release", "talk")]


@pytest.mark.parametrize("edge", ["press", "release"])
def test_a_real_board_is_for_fingers(served: Served, client: Client, edge: str) -> None:
    served.appliance.fake_board = None
    with pytest.raises(RefusedError, match="only fingers press its buttons") as refused:
        client.post(f"/v1/board/{edge}", {"button": "talk"})
    assert refused.value.status == 409


@pytest.mark.parametrize("edge", ["press", "release"])
def test_an_unknown_button_names_those_there_are(served: Served, client: Client, edge: str) -> None:
    with pytest.raises(RefusedError, match="no button 'tlak'; there is talk, session") as refused:
        client.post(f"/v1/board/{edge}", {"button": "tlak"})
    assert refused.value.status == 404
    assert board(served).edges == []


POST = "POST /v1/board/press"
LARGE = b'{"button": "' + b"x" * routes.BODY_BYTES_MAX + b'"}'


@pytest.mark.parametrize(
    ("request_line", "body", "status", "error"),
    [
        (POST, b"", 400, 'expected {"button": NAME}'),
        (POST, b"{}", 400, 'expected {"button": NAME}'),
        (POST, b'{"button": 1}', 400, 'expected {"button": NAME}'),
        (POST, b'{"button": null}', 400, 'expected {"button": NAME}'),
        (POST, b'{"button": "talk", "x": 1}', 400, 'expected {"button": NAME}'),
        (POST, b'{"button": "\\ud800\\u0000"}', 404, r"no button '\ud800\x00'; there is talk, session"),
        (POST, b"{", 400, "the body is not JSON: Expecting property name .*"),
        (POST, b"\xff\xfe\xfd", 400, "the body is not JSON: .*"),
        (POST, b"[" * 50_000, 400, "the body is not JSON: .*"),
        (POST, b"1" * 5_000, 400, "the body is not JSON: .*"),
        (POST, b'["talk"]', 400, "the body is not a JSON object"),
        (POST, b"null", 400, "the body is not a JSON object"),
        (POST, LARGE, 413, "the body is over 65536 bytes"),
        ("POST /v1/session/connect", b"no", 400, "the body is not JSON: .*"),
        ("POST /v1/session/connect", b"[]", 400, "the body is not a JSON object"),
        ("POST /v1/session/start", b"no", 400, "the body is not JSON: .*"),
        ("POST /v1/session/start", b'{"now": 1}', 400, "/v1/session/start takes no parameters"),
        ("POST /v1/session/stop", b'{"now": 1}', 400, "/v1/session/stop takes no parameters"),
        ("GET /", b"", 404, "there is no /"),
        ("GET /v2/status", b"", 404, "there is no /v2/status"),
        ("GET /v1/status/", b"", 404, "there is no /v1/status/"),
        ("POST /v1/mute", b'{"on": true}', 400, "/v1/mute takes no parameters"),
        ("POST /v1/unmute", b"[]", 400, "the body is not a JSON object"),
        ("POST /v1/reload", b'{"now": 1}', 400, "/v1/reload takes no parameters"),
        ("POST /v1/reload", LARGE, 413, "the body is over 65536 bytes"),
        ("POST /v1/status", b"", 405, "/v1/status takes GET, not POST"),
        ("DELETE /v1/events", b"", 405, "/v1/events takes GET, not DELETE"),
        ("GET /v1/session/start", b"", 405, "/v1/session/start takes POST, not GET"),
        ("GET /v1/board/press", b"", 405, "/v1/board/press takes POST, not GET"),
        ("GET /v1/mute", b"", 405, "/v1/mute takes POST, not GET"),
        ("GET /v1/reload", b"", 405, "/v1/reload takes POST, not GET"),
        ("PUT /v1/config", b"{}", 405, "/v1/config takes GET, not PUT"),
    ],
)
def test_wrong_requests(served: Served, request_line: str, body: bytes, status: int, error: str) -> None:
    served.appliance.state = "authenticated"
    got, headers, said = answer(served, request_line, body)
    assert (got, list(said)) == (status, ["error"])
    assert said["error"] == error or re.fullmatch(error, said["error"])
    assert headers.get("Allow") == (error.split()[2].rstrip(",") if status == 405 else None)
    assert served.appliance.posted == []
    assert board(served).edges == []
    assert served.configuration.reloads == 0
    assert Client(served.path).get("/v1/status")["state"] == "authenticated"


def test_the_largest_body(served: Served) -> None:
    served.appliance.state = "authenticated"
    body = b'{"x": "' + b"x" * (routes.BODY_BYTES_MAX - 9) + b'"}'
    assert len(body) == routes.BODY_BYTES_MAX
    assert answer(served, "POST /v1/session/connect", body)[0] == 200


def test_head_does_not_begin_a_stream(served: Served) -> None:
    with raw(served.path) as connection:
        connection.ask("HEAD /v1/events", Connection="close")
        assert connection.rest().startswith(b"HTTP/1.1 405 ")


def test_a_body_in_pieces(served: Served) -> None:
    chunks = b'9\r\n{"button"\r\n9\r\n: "talk"}\r\n0\r\n\r\n'
    assert answer(served, POST, chunks, Transfer_Encoding="chunked")[0] == 200


def test_a_packed_body_is_not_unpacked(served: Served) -> None:
    body = gzip.compress(b'{"button": "talk"}')
    status, _, said = answer(served, POST, body, Content_Encoding="gzip")
    assert (status, said["error"][:23]) == (400, "the body is not JSON: '")
    assert board(served).edges == []


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n"])
def test_what_is_not_http(served: Served, sent: bytes) -> None:
    with raw(served.path) as connection:
        connection.sock.sendall(sent + b"\r\n\r\n")
        assert connection.rest().startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
    assert Client(served.path).get("/v1/status")["state"] == "idle"


def test_a_broken_chunk_is_the_askers_fault(served: Served) -> None:
    with raw(served.path) as connection:
        connection.ask(POST, b"nonsense\r\n", Transfer_Encoding="chunked")
        assert connection.until(b"\r\n").startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
    assert Client(served.path).get("/v1/status")["state"] == "idle"


def test_a_body_that_does_not_come(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "BODY_TIMEOUT_S", 0.01)
    with raw(served.path) as connection:
        connection.ask(POST, b"{", Content_Length="99")
        assert connection.until(b"\r\n\r\n{").startswith(b"HTTP/1.1 408 ")
    assert board(served).edges == []


def test_a_fault_of_ours_is_answered_and_logged(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> dict[str, Any]:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(served.appliance, "status", broken)
    with caplog.at_level(logging.ERROR), pytest.raises(RefusedError, match="a fault of ours") as refused:
        client.get("/v1/status")
    assert refused.value.status == 500
    assert "secret" not in str(refused.value)
    assert "ZeroDivisionError" in caplog.text


def test_the_trace_line_by_line(served: Served) -> None:
    served.appliance.traced = ['{"version":"0"}\n', '{"at_s":1}\n']
    with raw(served.path) as connection:
        connection.ask("GET /v1/trace", Connection="close")
        head, _, body = connection.rest().partition(b"\r\n\r\n")
    assert b"200 OK" in head and b"application/x-ndjson" in head
    assert [line for line in body.split(b"\r\n") if line.startswith(b"{")] == [b'{"version":"0"}\n', b'{"at_s":1}\n']


def soon(served: Served, monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Have the server look for its socket often. What its owner is told, who has it begin anew."""
    monkeypatch.setattr(server, "LOOK_S", 0.02)
    crashes: list[BaseException] = []
    assert served.server is not None
    watched = served.server

    def crashed(error: BaseException) -> None:
        crashes.append(error)
        watched.restart()

    served.call(watched.watch, crashed)
    return crashes


def until(holds: Callable[[], object]) -> None:
    """What is waited for tells nobody."""
    until_s = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def found(served: Served) -> bool:
    try:
        return bool(Client(served.path).get("/v1/status"))
    except (ApplianceError, OSError):
        return False


@pytest.mark.parametrize("how", ["removed", "moved", "with its folder"])
def test_a_socket_that_is_gone_is_made_anew_and_readers_stay(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with serving(folder / "s") as served:
        crashes = soon(served, monkeypatch)
        events = Client(served.path).events()
        next(events)
        if how == "moved":
            served.path.rename(tmp_path / "elsewhere")
        elif how == "removed":
            served.path.unlink()
        else:
            shutil.rmtree(folder)
            until(lambda: "control_socket_lost" in caplog.text)
            folder.mkdir()
        until(lambda: found(served))
        served.say(type="x")
        assert next(events) == b'{"type":"x"}'
        assert served.path.stat().st_mode & 0o777 == 0o660
        served.stop()
        assert not served.path.exists(), "and the new one goes with the server"
    assert caplog.text.count("control_socket_anew") == 1
    assert caplog.text.count("control_socket_lost") == (how == "with its folder")
    assert not crashes


def test_a_place_that_another_has_taken_is_left_to_it_and_told_once(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    crashes = soon(served, monkeypatch)
    served.path.unlink()
    served.path.write_text("mine")
    until(lambda: "control_socket_lost" in caplog.text)
    looks, there = list[Path](), SocketFile.is_there

    def counted(file: SocketFile) -> bool:
        looks.append(file.path)
        return there(file)

    monkeypatch.setattr(SocketFile, "is_there", counted)
    until(lambda: len(looks) > 3)
    assert served.path.read_text() == "mine"
    served.path.unlink()
    until(lambda: found(served))
    assert caplog.text.count("control_socket_lost") == 1
    assert not crashes


@pytest.mark.parametrize("where", ["a look", "an event", "the making anew"])
def test_a_server_that_crashes_tells_its_owner_and_begins_anew(
    served: Served,
    client: Client,
    where: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bugs = iter([True])

    def bug(*_: object) -> bool:
        if next(bugs, False):
            raise ZeroDivisionError("bug")
        return True

    if where == "a look":
        monkeypatch.setattr(SocketFile, "is_there", bug)
    elif where == "the making anew":
        monkeypatch.setattr(server, "listen", lambda path: bug() and listen(path))
        served.path.unlink()
    crashes = soon(served, monkeypatch)
    if where == "an event":
        before = Client(served.path).events()
        next(before)
        monkeypatch.setattr(Readers, "publish", bug)
        served.say(type="x")
        monkeypatch.undo()
    until(lambda: crashes)
    until(lambda: "control_socket_anew" in caplog.text)
    until(lambda: found(served))
    events = client.events()
    next(events)
    served.say(type="y")
    assert next(events) == b'{"type":"y"}'
    assert [type(error) for error in crashes] == [ZeroDivisionError]


def test_a_handler_that_crashes_costs_one_answer(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    crashes = soon(served, monkeypatch)
    status = served.appliance.status
    monkeypatch.setattr(served.appliance, "status", lambda: 1 / 0)
    with pytest.raises(ApplianceError):
        client.get("/v1/status")
    monkeypatch.setattr(served.appliance, "status", status)
    assert client.get("/v1/status") == status()
    assert "ZeroDivisionError" in caplog.text and not crashes
