"""Where log entries go, and in which form: text for people, JSON for programs, fields for the journal.

What an entry is, is `appliance.telling`. A reader who stops reading (a closed pipe) ends the log, never the appliance.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.errors import UnavailableError
from appliance.telling import Entry, tell

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger("appliance")

FORMATS = ("auto", "text", "journal", "json")
IDENTIFIER = "voice-appliance"
JOURNAL = Path("/run/systemd/journal/socket")
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


def set_up(level: int = logging.INFO, form: str = "auto") -> None:
    """Our own story at *level* (`VOICE_APPLIANCE_DEBUG=1`: everything of ours), libraries' warnings, in *form*.

    `auto`: the journal if standard error is the journal, else text. Raises `UnavailableError`: no journal here.
    """
    logging.basicConfig(level=logging.WARNING, handlers=[_handler(form)], force=True)
    debug = os.environ.get("VOICE_APPLIANCE_DEBUG") == "1"
    log.setLevel(logging.DEBUG if debug else level)


def watch_loop(loop: asyncio.AbstractEventLoop, unowned: Callable[[BaseException], None] | None = None) -> None:
    """Have the loop log, with its trace, what a task raised that nobody awaited, or a callback; *unowned* is told."""

    def unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        tell(log, logging.ERROR, "unhandled", trace=context.get("exception"), what=context.get("message"))
        error = context.get("exception")
        if unowned is not None and isinstance(error, Exception):
            unowned(error)

    loop.set_exception_handler(unhandled)


class JsonFormatter(logging.Formatter):
    """An object a line. `fields` are those of the entry; a library's record has a `message` in place of an `event`."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if isinstance(record.msg, Entry):
            told |= {"event": record.msg.event, "fields": dict(record.msg.fields)}
        else:
            told["message"] = record.getMessage()
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


class JournalHandler(logging.Handler):
    """Entries of the journal. *send* is `systemd.journal.send`: a message, and fields by name."""

    def __init__(self, send: Callable[..., Any]) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))  # else basicConfig gives it one with the level in it
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(_sendable(self.format(record)), **journal_fields(record))
        except Exception:  # noqa: BLE001 - as in every handler of logging: no entry may end what made it
            self.handleError(record)


def journal_fields(record: logging.LogRecord) -> dict[str, Any]:
    """What the journal keeps of *record* beside its text: where it was made, and our own fields as `APPLIANCE_...`."""
    fields: dict[str, Any] = {
        "PRIORITY": str(_PRIORITIES.get(record.levelno, 5)),
        "SYSLOG_IDENTIFIER": IDENTIFIER,
        "LOGGER": record.name,
        "THREAD_NAME": record.threadName or "",
        "CODE_FILE": record.pathname,
        "CODE_LINE": record.lineno,
        "CODE_FUNC": record.funcName or "",
    }
    if isinstance(record.msg, Entry):
        fields["APPLIANCE_EVENT"] = record.msg.event
        fields |= {f"APPLIANCE_{name.upper()}": _sendable(str(value)) for name, value in record.msg.fields.items()}
    return fields


def under_journal() -> bool:
    """Whether standard error is the journal: systemd says which file it is (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        found = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _handler(form: str) -> logging.Handler:
    if form == "journal" or (form == "auto" and under_journal()):
        send = _journal_send(needed=form == "journal")
        if send is not None:
            return JournalHandler(send)
    handler = logging.StreamHandler(sys.stderr)  # of a closed pipe or a full disk it says nothing, and goes on
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    handler.setFormatter(JsonFormatter() if form == "json" else text)
    return handler


def _journal_send(*, needed: bool) -> Callable[..., Any] | None:
    """systemd's own. None where there is none, which is an `UnavailableError` if it is *needed*."""
    try:
        from systemd import journal  # type: ignore[attr-defined,import-untyped,unused-ignore]
    except ImportError:
        if needed:
            raise UnavailableError("no systemd-python, which the journal needs; scripts/run installs it") from None
        return None
    if needed and not JOURNAL.is_socket():
        raise UnavailableError(f"no journal on this machine: there is no {JOURNAL}; use --log-format text")
    send: Callable[..., Any] = journal.send
    return send


def _sendable(text: str) -> str:
    """*text* as UTF-8 can carry it."""
    return text.encode("utf-8", "backslashreplace").decode()
