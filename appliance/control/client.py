"""The commands' side of the control socket: small, synchronous, of the standard library alone."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from appliance.errors import ApplianceError
from appliance.units import Seconds

TIMEOUT_S: Seconds = 5.0
"""For each wait for the appliance, which answers within milliseconds unless something is wrong with it."""
_REPLY_BYTES_MAX = 1_048_576


class RefusedError(ApplianceError):
    """The appliance answered with an error. Caught by the commands that know what a status means to a person."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Client:
    """Asks the appliance at *path*; each request is a connection of its own.

    Every method raises `RefusedError` for an answer that is an error, and `ApplianceError` for none, or none that makes
    sense.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def why_not(self) -> str | None:
        """None if something listens at the path, else why not. Raises nothing."""
        try:
            _Connection(self.path).connect_and_close()
        except OSError as error:
            return _reason(error)
        return None

    def get(self, route: str) -> dict[str, Any]:
        """The object that `GET` *route* answers."""
        return self._ask("GET", route, None)

    def post(self, route: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The object that `POST` *route* answers."""
        return self._ask("POST", route, body)

    def events(self) -> Iterator[bytes]:
        """The lines of `GET /v1/events` as they come, without their ends, until the appliance ends.

        Waits as long as it takes for each.
        """
        connection = _Connection(self.path)
        try:
            response = self._request(connection, "GET", "/v1/events", None)
            connection.wait_for_ever()
            yield from _lines(response)
        except (OSError, http.client.HTTPException) as error:
            raise ApplianceError(
                f"the events of {self.path} broke off: the appliance died, or these events were read too slowly; "
                "'voice-appliance status' tells which"
            ) from error
        finally:
            connection.close()

    def _ask(self, method: str, route: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        connection = _Connection(self.path)
        try:
            response = self._request(connection, method, route, body)
            return _object(response, self.path)
        except (OSError, http.client.HTTPException) as error:
            raise self._broken(error) from error
        finally:
            connection.close()

    def _request(
        self, connection: _Connection, method: str, route: str, body: Mapping[str, Any] | None
    ) -> http.client.HTTPResponse:
        """The answer's beginning. Raises `RefusedError`, `ApplianceError`."""
        try:
            connection.request(method, route, None if body is None else json.dumps(body))
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise self._broken(error) from error
        if response.status != http.client.OK:
            text = _object(response, self.path).get("error")
            raise RefusedError(
                response.status, text if isinstance(text, str) else f"refused with status {response.status}"
            )
        return response

    def _broken(self, error: OSError | http.client.HTTPException) -> ApplianceError:
        why = _reason(error) if isinstance(error, OSError) else "it does not speak HTTP"
        return ApplianceError(f"no answer from the appliance at {self.path}: {why}; look at its log, or restart it")


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(self.timeout)
        try:
            sock.connect(os.fspath(self._path))
        except OSError:
            sock.close()
            raise
        self.sock = sock

    def connect_and_close(self) -> None:
        self.connect()
        self.close()

    def wait_for_ever(self) -> None:
        """Let the next line take its time."""
        if self.sock is not None:
            self.sock.settimeout(None)


def _lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The lines of *response*, each as soon as it is there. Raises `HTTPException` when they break off; `OSError`."""
    begun = b""
    while (
        came := response.read1()
    ):  # not `readline`, which takes a connection that broke between two chunks for the end
        *whole, begun = (begun + came).split(b"\n")
        yield from whole
        if len(begun) > _REPLY_BYTES_MAX:
            raise http.client.LineTooLong("event")
    if begun:
        raise http.client.IncompleteRead(begun)


def _object(response: http.client.HTTPResponse, path: Path) -> dict[str, Any]:
    """The JSON object in *response*. Raises `ApplianceError`, `OSError`, `HTTPException`."""
    raw = response.read(_REPLY_BYTES_MAX)
    try:
        reply = json.loads(raw)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        raise ApplianceError(
            f"what answers at {path} is no appliance: status {response.status}, and no JSON object; see --socket"
        )
    return reply


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"it does not answer within {TIMEOUT_S:g} s"
    match error:
        case FileNotFoundError():
            return "not there"
        case ConnectionRefusedError():
            return "nobody listens"
        case PermissionError():
            return "not allowed; join the group voice-appliance, or use sudo"
    return (error.strerror or str(error)).lower()
