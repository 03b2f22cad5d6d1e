"""Where log entries go. Each set-up in a process of its own, for the root logger is one for all."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.service.logs import JournalHandler, journal_fields
from appliance.telling import Entry

TELL = """
import logging, sys
from appliance.service import logs
from appliance.telling import tell
logs.set_up(form=sys.argv[1])
log = logging.getLogger("appliance.audio.x")
try:
    raise KeyError("k")
except KeyError:
    tell(log, logging.ERROR, "crashed", trace=True, what="a b", n=7)
tell(log, logging.DEBUG, "for_us")
logging.getLogger("aioice.ice").info("a candidate")
logging.getLogger("aiortc").warning("two\\nlines")
"""


def child(script: str, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=20, check=False, **more
    )


@pytest.mark.parametrize("form", ["text", "auto"])
def test_text(form: str) -> None:
    done = child(TELL, form)
    assert (done.returncode, done.stdout) == (0, "")
    first, *_, trace, library, last = done.stderr.splitlines()
    assert first.split(maxsplit=1)[1] == "ERROR   crashed what='a b' n=7"
    assert trace == "KeyError: 'k'"
    assert (library.split(maxsplit=1)[1], last) == ("WARNING two", "lines")


def test_what_is_for_us_is_told_on_demand_and_a_library_still_says_little() -> None:
    done = child(TELL, "text", env={**os.environ, "VOICE_APPLIANCE_DEBUG": "1"})
    assert "DEBUG   for_us" in done.stderr
    assert "candidate" not in done.stderr


def test_json() -> None:
    ours, library = map(json.loads, child(TELL, "json").stderr.splitlines())
    assert ours.pop("trace").endswith("KeyError: 'k'")
    assert ours.pop("time").endswith("+00:00")
    logger = "appliance.audio.x"
    assert ours == {"level": "error", "logger": logger, "event": "crashed", "fields": {"what": "a b", "n": 7}}
    assert (library["logger"], library["message"]) == ("aiortc", "two\nlines")


CLOSED = """
import logging, sys
from appliance.service import logs
from appliance.telling import tell
logs.set_up(form=sys.argv[1])
sys.stdin.read(1)  # until nobody reads standard error any more
for n in range(1000):
    tell(logs.log, logging.INFO, "turn", n=n, text="x" * 100)
print("still here")
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_closed_pipe_ends_the_log_and_nothing_else(form: str) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", CLOSED, form], **pipes) as process:  # type: ignore[call-overload]
        process.stderr.close()
        process.stdin.write(b"x")
        process.stdin.close()
        assert process.stdout.read() == b"still here\n"
    assert process.returncode == 0


def test_a_full_disk_loses_entries_and_nothing_else() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", CLOSED, "text"], input=b"x", stdout=subprocess.PIPE, stderr=full, check=True
        )
    assert done.stdout == b"still here\n"


def test_no_standard_error_at_all() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" text 2>&-', sys.executable, CLOSED],
        input=b"x",
        stdout=subprocess.PIPE,
        check=True,
    )
    assert done.stdout == b"still here\n"


def test_a_journal_that_is_not_there_is_said() -> None:
    script = (
        "import sys; from pathlib import Path; from appliance.service import logs; from appliance.errors import *\n"
        "logs.JOURNAL = Path('/nowhere')\n"
        "try: logs.set_up(form='journal')\n"
        "except UnavailableError as error: print(error)\n"
    )
    assert child(script).stdout == "no journal on this machine: there is no /nowhere; use --log-format text\n"


def entry(**fields: Any) -> logging.LogRecord:
    return logging.LogRecord("appliance.x", logging.WARNING, "/a/b.py", 12, Entry("turn", fields), (), None, "go")


def test_fields_of_the_journal() -> None:
    fields = journal_fields(entry(lost_ms=12.5, message="no\ud800", state="ready"))
    assert fields == {
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "voice-appliance",
        "LOGGER": "appliance.x",
        "THREAD_NAME": "MainThread",
        "CODE_FILE": "/a/b.py",
        "CODE_LINE": 12,
        "CODE_FUNC": "go",
        "APPLIANCE_EVENT": "turn",
        "APPLIANCE_LOST_MS": "12.5",
        "APPLIANCE_MESSAGE": "no\\ud800",
        "APPLIANCE_STATE": "ready",
    }


def test_a_journal_that_fails_does_not_end_what_told_it(capsys: pytest.CaptureFixture[str]) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    JournalHandler(full).handle(entry())
    assert "No space left" in capsys.readouterr().err
