"""What an exception of an HTTP request is taken for."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

import aiohttp
import pytest

from appliance.session.failure import Failure, Kind
from appliance.transport.http_faults import failure_of

KEY: Any = aiohttp.client_reqrep.ConnectionKey("box", 7860, False, True, None, None, None)


def fault(error: BaseException) -> Failure:
    return failure_of(error, "http://box:7860/start", wall_s=0.0)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENETUNREACH, Kind.NETWORK),
        (errno.ENETDOWN, Kind.NETWORK),
        (errno.EADDRNOTAVAIL, Kind.NETWORK),
        (errno.EHOSTUNREACH, Kind.UNREACHABLE),
        (errno.ECONNREFUSED, Kind.UNREACHABLE),
        (errno.ECONNRESET, Kind.UNREACHABLE),
    ],
)
def test_no_way_out_is_told_from_nobody_there(number: int, kind: Kind) -> None:
    found = fault(aiohttp.ClientConnectorError(KEY, OSError(number, os.strerror(number))))
    assert found.kind is kind
    assert "http://box:7860/start" in found.message


@pytest.mark.parametrize(("number", "kind"), [(socket.EAI_AGAIN, Kind.NETWORK), (socket.EAI_NONAME, Kind.UNREACHABLE)])
def test_nobody_to_ask_for_names_is_told_from_a_name_that_nobody_has(number: int, kind: Kind) -> None:
    found = fault(aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(number, "no")))
    assert found.kind is kind
    assert "the name 'box' does not resolve" in found.message
