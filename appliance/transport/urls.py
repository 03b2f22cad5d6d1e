"""Where a runner is asked: start and offer addresses out of the configured one. Pure.

The configured URL is either a base (`http://host:7860`) or names the start address itself (its path ends in
`/start`, as Pipecat Cloud's do). Only the last path segment is ever replaced: an agent may be called `start`.
Queries stay, because some proxies carry their key there.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

SESSION_ID_CHARS_MAX = 256


def names_start(url: str) -> bool:
    """Whether *url* is a full start address. Such a one is taken at its word: no fallback to older runners."""
    return _path(url).endswith("/start")


def start_url(url: str) -> str:
    return _with_path(url, _base(url) + "/start")


def session_offer_url(url: str, session_id: str) -> str:
    """The offer address of a session. *session_id* is one that `is_session_id` accepts; it is quoted."""
    return _with_path(url, f"{_base(url)}/sessions/{quote(session_id, safe='')}/api/offer")


def bare_offer_url(url: str) -> str:
    """The offer address without a session: older runners, and connections with direct parameters."""
    return _with_path(url, _base(url) + "/api/offer")


def is_session_id(value: object) -> bool:
    """A text that can stand as one path segment, and could have been meant as an id."""
    if not isinstance(value, str) or not 0 < len(value) <= SESSION_ID_CHARS_MAX or value in (".", ".."):
        return False
    return value.isprintable() and not any(char in "/\\" for char in value)


def is_cloud(url: str) -> bool:
    """A start address behind TLS: hosted, with address translation in between, and able to hand out relays."""
    return names_start(url) and urlsplit(url).scheme == "https"


def host(url: str) -> str:
    """The name or the numeric address of the machine."""
    return (urlsplit(url).hostname or "").replace("%25", "%")  # the interface of a link-local address (RFC 6874)


def shown(url: str) -> str:
    """*url* for a message: without user, password, query and fragment, any of which may be a secret."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _base(url: str) -> str:
    return _path(url).removesuffix("/start") if names_start(url) else _path(url)


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _with_path(url: str, path: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
