"""What really goes to the journal: by libsystemd, onto a socket in the journal's place, in a namespace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.systemd

CHILD = """
import logging, os, socket, sys
os.makedirs("/run/systemd/journal")
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind("/run/systemd/journal/socket")
journal.settimeout(5)
from appliance.service import logs
from appliance.telling import tell
if sys.argv[1] == "auto":
    found = os.fstat(2)
    os.environ["JOURNAL_STREAM"] = f"{found.st_dev}:{found.st_ino}"
logs.set_up(form=sys.argv[1])
tell(logging.getLogger("appliance.x"), logging.WARNING, "error", source="bot", message="two words")
sys.stdout.buffer.write(journal.recv(65536))
"""

_EMPTY_RUN = 'mount -t tmpfs none /run && exec "$@"'


def in_a_namespace(*command: str) -> subprocess.CompletedProcess[str]:
    """Run *command* where /run is empty and its own."""
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _EMPTY_RUN, "sh", *command],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=Path(__file__).parents[2],
        env={name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"},
    )


@pytest.fixture(autouse=True)
def namespaces() -> None:
    if (tried := in_a_namespace("true")).returncode != 0:
        pytest.skip(f"needs mount namespaces: {tried.stderr.strip()}")


@pytest.mark.parametrize("form", ["journal", "auto"])
def test_fields_are_fields(form: str) -> None:
    done = in_a_namespace(sys.executable, "-c", CHILD, form)
    assert (done.returncode, done.stderr) == (0, "")
    fields = dict(line.split("=", 1) for line in done.stdout.splitlines())
    wanted = {
        "MESSAGE": "error source=bot message='two words'",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "voice-appliance",
        "LOGGER": "appliance.x",
        "APPLIANCE_EVENT": "error",
        "APPLIANCE_SOURCE": "bot",
        "APPLIANCE_MESSAGE": "two words",
    }
    assert {name: fields.get(name) for name in wanted} == wanted
    assert fields["CODE_FUNC"] == "<module>"
