"""What the scripts do when something is missing, wrong, or interrupted. The real set-up is what running them shows."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout with nothing in it but the shared part, and commands that stand in for the system's."""
    for folder in ("bin", "scripts", "requirements"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "scripts" / "lib.sh", tmp_path / "scripts")
    (tmp_path / "requirements" / "run.txt").write_text("a==1\n")
    command(tmp_path, "dpkg-query", '[ "${*: -1}" != libmissing ] && echo -n installed')
    command(tmp_path, "id", "echo 1000")
    command(tmp_path, "sudo", "exit 1")
    return tmp_path


def command(machine: Path, name: str, script: str) -> None:
    path = machine / "bin" / name
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def bash(machine: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; source scripts/lib.sh; {script}", "scripts/x"],
        cwd=machine,
        env={"PATH": f"{machine}/bin:{os.environ['PATH']}", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_installed_that_is_there(machine: Path) -> None:
    command(machine, "apt-get", "echo called >&2")
    done = bash(machine, "need_packages libthere libhere")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_root_the_one_line_to_run_is_printed(machine: Path) -> None:
    done = bash(machine, "need_packages libthere libmissing; echo went on")
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr == (
        "x: system packages are missing; run: sudo apt-get update"
        " && sudo apt-get install -y --no-install-recommends libmissing\n"
    )


@pytest.mark.parametrize(("user", "prefix"), [("0", ""), ("1000", "sudo -n ")])
def test_as_root_or_by_sudo_what_is_missing_is_installed(machine: Path, user: str, prefix: str) -> None:
    command(machine, "id", f"echo {user}")
    command(machine, "sudo", 'echo -n "sudo $1 " >&2; shift; "$@"')
    command(machine, "apt-get", 'echo "apt-get $*" >&2')
    done = bash(machine, "need_packages libmissing libthere")
    assert done.returncode == 0
    said = done.stderr.replace("sudo -n true", "").replace("sudo -n env", "sudo -n")
    assert f"{prefix}apt-get -qq update" in said
    assert f"{prefix}apt-get -qq install -y --no-install-recommends libmissing\n" in said


def test_an_installation_that_fails_says_how_to_repeat_it(machine: Path) -> None:
    command(machine, "id", "echo 0")
    command(machine, "apt-get", "exit 100")
    done = bash(machine, "need_packages libmissing")
    assert done.returncode == 69
    assert "could not be installed; run: sudo apt-get update" in done.stderr


def test_what_only_tests_want_can_be_done_without_but_not_in_ci(machine: Path) -> None:
    done = bash(machine, "want_packages libmissing; echo went on")
    assert (done.returncode, done.stdout) == (0, "went on\n")
    assert "libmissing" in done.stderr
    assert bash(machine, "want_packages libmissing; echo went on", CI="true").returncode == 69


STAND_INS = """
make_env() {
  mkdir -p "$1/bin"
  printf '#!/bin/sh\\necho Python' | tee "$1/bin/python" >"$1/bin/pip"
  chmod +x "$1/bin/"*
}
good() { echo installed >>calls; }
bad() { false; }
killed() { kill -KILL "$$" "$BASHPID"; }
lock=requirements/run.txt
"""


def test_a_set_up_is_done_once_for_each_lock_file(machine: Path) -> None:
    calls = machine / "calls"
    twice = f"{STAND_INS} make_ready $PWD/env run good $lock; make_ready $PWD/env run good $lock"
    assert bash(machine, twice).returncode == 0
    assert calls.read_text() == "installed\n"
    (machine / "requirements" / "run.txt").write_text("a==2\n")
    assert bash(machine, twice).returncode == 0
    assert calls.read_text() == "installed\n" * 2
    assert bash(machine, f"{STAND_INS} make_ready $PWD/env test good $lock").returncode == 0
    assert calls.read_text() == "installed\n" * 3


@pytest.mark.parametrize(("end", "status"), [("bad", 69), ("killed", -9)])
def test_a_set_up_that_did_not_end_well_is_begun_again(machine: Path, end: str, status: int) -> None:
    done = bash(machine, f"{STAND_INS} make_ready $PWD/env run {end} $lock; echo went on")
    assert (done.returncode, done.stdout) == (status, "")
    assert not list(machine.glob("env/*.stamp"))
    bash(machine, f"{STAND_INS} make_ready $PWD/env run good $lock")
    assert (machine / "calls").read_text() == "installed\n"
    assert bash(machine, f"{STAND_INS} make_ready $PWD/env run bad requirements/*").returncode == 0
    (machine / "requirements" / "run.txt").write_text("a==3\n")
    assert bash(machine, f"{STAND_INS} make_ready $PWD/env run bad $lock").returncode == 69
    assert not list(machine.glob("env/*.stamp")), "the stamp of the former set-up outlived a failed one"


def wheel(folder: Path, name: str, version: str, requires: str = "") -> str:
    """A wheel with nothing in it; its line in a lock file."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: x\n{needs}"
        )
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def test_a_lock_file_goes_on_working_when_something_newer_is_published(machine: Path) -> None:
    lock = wheel(machine, "upper", "1", "lower[x]>=1") + wheel(machine, "lower", "1")
    (machine / "requirements" / "run.txt").write_text(lock)
    wheel(machine, "lower", "2")
    subprocess.run([sys.executable, "-m", "venv", machine / "env"], check=True)
    done = bash(
        machine,
        "install_locked $PWD/env requirements/run.txt && env/bin/pip freeze --disable-pip-version-check",
        PIP_CONFIG_FILE=os.devnull,
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(machine),
    )
    assert done.returncode == 0, done.stderr
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == ["lower==1", "upper==1"]


def test_a_python_that_is_too_old_or_cannot_make_environments_is_not_taken(machine: Path) -> None:
    command(machine, "old", "exit 1")
    assert bash(machine, "suitable old").returncode == 1
    assert bash(machine, "suitable python-that-is-not-there").returncode != 0
    assert bash(machine, "suitable /usr/bin/python3").returncode == 0


def test_an_unknown_group_is_answered_with_the_groups() -> None:
    done = subprocess.run([ROOT / "scripts" / "test", "nonsense"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "test: there is no group 'nonsense'; the groups are: unit systemd alsa runner faults\n"


SKIPPED = """
import pytest

def test_a():
    pytest.skip("no card here")

@pytest.mark.xfail(reason="known")
def test_b():
    assert False
"""


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_a_missing_part_is_a_failure_in_ci(tmp_path: Path, ci: str, status: int) -> None:
    (tmp_path / "test_it.py").write_text(SKIPPED)
    done = subprocess.run(
        [ROOT / ".venv" / "bin" / "python", "-m", "pytest", "-rs", "-p", "tests.strict", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout
    assert "no card here" in done.stdout
    assert "1 xfailed" in done.stdout
