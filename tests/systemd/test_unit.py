"""The unit and what goes with it, by systemd's own tools, in a root that holds the installed paths."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from appliance.cli import EXIT_CONFIG, EXIT_UNAVAILABLE
from appliance.cli.options import DEFAULT_CONFIG
from appliance.config.schema import Control
from appliance.service.last_end import RESULT
from appliance.service.watchdog import LOOKS

pytestmark = pytest.mark.systemd

FILES = Path(__file__).parents[2] / "systemd"
UNIT = FILES / "voice-appliance.service"
PROGRAM = Path("opt/voice-appliance/.venv/bin/voice-appliance")

EXPOSURE_MAX = 1.5
HELD_UP_S = 4.0
"""The longest that a slow card has been seen to hold up a process that writes to it."""
DEVIATIONS = {
    "RootDirectoryOrRootImage",
    "SupplementaryGroups",
    "PrivateDevices",
    "DeviceAllow",
    "RestrictAddressFamilies_AF_NETLINK",
    "RestrictAddressFamilies_AF_UNIX",
    "RestrictAddressFamilies_AF_INET_INET6",
    "ProcSubset",
    "MemoryDenyWriteExecute",
    "PrivateNetwork",
    "IPAddressDeny",
}
"""Each has its reason in the unit."""


def settings(key: str) -> list[str]:
    """All values of *key* in the unit."""
    lines = UNIT.read_text().splitlines()
    return [value for line in lines for name, _, value in [line.partition("=")] if name == key]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with the service installed, and the targets that it stands behind."""
    units = tmp_path / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    for target in (*Path("/usr/lib/systemd/system").glob("*.target"), *Path("/lib/systemd/system").glob("*.slice")):
        shutil.copy(target, units)
    shutil.copy(UNIT, units)
    for kind in ("sysusers.d", "tmpfiles.d"):
        shutil.copytree(FILES / kind, tmp_path / "usr/lib" / kind)
    for program in (tmp_path / PROGRAM, tmp_path / "bin/sh"):
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    (tmp_path / "etc").mkdir()
    return tmp_path


def verify(root: Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", "verify", f"--root={root}", "--recursive-errors=no", UNIT.name]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_unit_is_right(root: Path) -> None:
    done = verify(root)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_program_that_is_not_installed_would_be_noticed(root: Path) -> None:
    (root / PROGRAM).unlink()
    assert verify(root).returncode != 0


def test_exposure() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={round(EXPOSURE_MAX * 10)}", UNIT],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_deviation_is_known_and_has_its_reason() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--json=short", UNIT],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    exposed = {row["json_field"] for row in json.loads(done.stdout) if row["exposure"]}
    assert exposed == DEVIATIONS
    comments = " ".join(line for line in UNIT.read_text().splitlines() if line.startswith("#"))
    for named in ("PrivateDevices", "netlink", "Unix", "RootDirectory", "PrivateNetwork", "/proc/cpuinfo", 'Not "yes"'):
        assert named in comments


def test_what_the_program_promises_the_unit_keeps() -> None:
    assert settings("Type") == ["notify"]
    assert {int(word) for word in settings("RestartPreventExitStatus")[0].split()} == {EXIT_CONFIG, EXIT_UNAVAILABLE}
    (start,), (reload,) = settings("ExecStart"), settings("ExecReload")
    assert start == f"/{PROGRAM} run --config {DEFAULT_CONFIG}"
    assert reload == f"/{PROGRAM} reload --socket {Control().socket}"
    runtime = Path("/run") / settings("RuntimeDirectory")[0]
    assert Path(Control().socket).parent == runtime
    assert settings("ExecStopPost")[0].endswith(f">{runtime / RESULT}'")
    assert settings("RuntimeDirectoryPreserve") == ["restart"], "else what ended it would be forgotten"
    (watchdog_s,) = map(float, settings("WatchdogSec"))
    assert watchdog_s / LOOKS > HELD_UP_S, "a machine that is busy for a while must not be taken for dead"


def test_users_and_folders(root: Path) -> None:
    subprocess.run(["systemd-sysusers", f"--root={root}"], check=True, capture_output=True)
    users = (root / "etc/passwd").read_text()
    assert "voice-appliance:x:" in users and users.rstrip().endswith("/usr/sbin/nologin")
    groups = dict(line.split(":", 1) for line in (root / "etc/group").read_text().splitlines())
    assert all(groups[name].endswith(":voice-appliance") for name in settings("SupplementaryGroups")[0].split())
    command = ["systemd-tmpfiles", f"--root={root}", "--create", "--prefix=/etc"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    secrets = (root / "etc/voice-appliance/secrets").stat()
    owner = next(line.split(":") for line in users.splitlines() if line.startswith("voice-appliance:"))
    assert (stat.S_IMODE(secrets.st_mode), secrets.st_uid) == (0o700, int(owner[2]))
