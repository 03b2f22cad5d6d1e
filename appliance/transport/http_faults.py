"""What an HTTP request ran into, as a `Failure` with a sentence that a person can act on. No I/O."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from appliance.session.failure import Failure, Kind
from appliance.transport.text import one_line

# OpenSSL's numbers of what can be wrong with a certificate (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_ISSUER = frozenset({2, 7, 18, 19, 20, 21})  # 7: of the right name, with another key
_NO_WAY_OUT = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})
_BROKEN_OFF = frozenset({errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE})
_OTHER_NAME = frozenset({62, 64})
_NEVER_SET_S = 1767225600.0
"""The start of 2026: before this program was, so no clock that has ever been set says less."""


def failure_of(exc: BaseException, shown: str, *, wall_s: float) -> Failure:
    """*exc* as aiohttp raised it for the address *shown*; *wall_s* is the time of day, for certificates."""
    host = urlsplit(shown).hostname or shown
    match exc:
        case aiohttp.ClientConnectorCertificateError():
            # However likely the time is: a board without a battery goes on from when it was switched off.
            early = getattr(exc.certificate_error, "verify_code", 0) == _NOT_YET_VALID
            kind = Kind.CLOCK if early else Kind.CERTIFICATE
            return Failure(kind, _certificate(exc.certificate_error, shown, wall_s))
        case aiohttp.ClientSSLError():
            return Failure(Kind.UNREACHABLE, f"cannot agree on TLS with {shown}: {_reason(exc)}; does it speak https?")
        case aiohttp.ClientConnectorDNSError():
            what = f"the name '{host}' does not resolve; check [runner] url, and that this machine has a network"
            nobody = getattr(exc.os_error, "errno", None) == socket.EAI_AGAIN
            return Failure(Kind.NETWORK if nobody else Kind.UNREACHABLE, f"cannot reach {shown}: {what}")
        case aiohttp.ClientResponseError():
            return Failure(Kind.NONSENSE, f"{shown} answered no HTTP; is a Pipecat runner there?")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return Failure(Kind.UNREACHABLE, f"{shown} is no address that can be asked; check [runner] url")
        case TimeoutError():
            return Failure(Kind.TIMEOUT, f"{shown} did not answer; is the runner stuck?")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return _broken_off(shown)
        case OSError() if getattr(exc, "os_error", exc).errno in _BROKEN_OFF:
            return _broken_off(shown)
        case OSError():
            kind = Kind.NETWORK if getattr(exc, "os_error", exc).errno in _NO_WAY_OUT else Kind.UNREACHABLE
            return Failure(kind, f"cannot reach {shown}: {_reason(exc)}; {_next_step(exc)}")
    return Failure(Kind.UNREACHABLE, f"cannot ask {shown}: {_reason(exc)}; check [runner] in the configuration")


def _broken_off(shown: str) -> Failure:
    return Failure(Kind.UNREACHABLE, f"{shown} closed the connection without a full answer; did the runner end?")


def _certificate(error: Any, shown: str, wall_s: float) -> str:
    """Each way of not being trusted has its own cure."""
    code = getattr(error, "verify_code", 0)
    if code == _NOT_YET_VALID:
        today = time.strftime("%d %B %Y", time.gmtime(wall_s))
        doubt = "it has not been set yet" if wall_s < _NEVER_SET_S else "is that right?"
        return f"the certificate of {shown} is not yet valid; this machine's clock says {today}: {doubt}"
    if code == _EXPIRED:
        today = time.strftime("%d %B %Y", time.gmtime(wall_s))
        return f"the certificate of {shown} has expired; renew it there, unless this machine's clock ({today}) is wrong"
    if code in _OTHER_NAME:
        return f"the certificate of {shown} is for another name; put the name it was made for in [runner] url"
    reason = one_line(str(getattr(error, "verify_message", "") or error))
    if code in _UNKNOWN_ISSUER:
        cure = "name the authority that signed it in [runner] ca_file"
        return f"the certificate of {shown} is not trusted ({reason}); {cure}"
    return f"the certificate of {shown} is not trusted: {reason}; have a better one made for the runner"


def _reason(exc: BaseException) -> str:
    inner = getattr(exc, "os_error", exc)
    if isinstance(inner, ssl.SSLError):
        return one_line((inner.reason or str(inner)).replace("_", " ").lower())
    code = getattr(inner, "errno", None)
    text = os.strerror(code) if isinstance(code, int) and code > 0 else str(inner) or type(inner).__name__
    return one_line(text[:1].lower() + text[1:])


def _next_step(exc: OSError) -> str:
    if getattr(exc, "os_error", exc).errno == errno.ECONNREFUSED:
        return "is the runner running, and is [runner] url right?"
    return "check [runner] url and this machine's network"
