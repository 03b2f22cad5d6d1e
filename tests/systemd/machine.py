"""A machine with systemd as its first process: a container over this machine's own files, which it cannot change.

What is installed here is installed there; what the container writes goes to a layer in memory that ends with it. So
nothing has to be downloaded or unpacked, and it is up in about a second. The project stands at its installed place,
with the paths in its environment made right.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

DEADLINE_S = 30.0
POLL_S = 0.05
ROOT = Path(__file__).parents[2]
INSTALLED = "/opt/voice-appliance"
CONFIG = "/etc/voice-appliance/appliance.toml"
SOCKET = "/run/voice-appliance/control.sock"
UNIT = "voice-appliance.service"

_BUILD = """
set -eu
mount -t tmpfs tmpfs "$PLACE"
mkdir "$PLACE"/upper "$PLACE"/work "$PLACE"/root "$PLACE"/upper2 "$PLACE"/work2
mount -t overlay overlay -o lowerdir=/,upperdir="$PLACE"/upper,workdir="$PLACE"/work "$PLACE"/root
cd "$PLACE"/root
rm -rf etc/systemd/system
mount -t tmpfs tmpfs tmp
mkdir -p etc/systemd/system opt/voice-appliance etc/voice-appliance usr/lib/sysusers.d usr/lib/tmpfiles.d
: >etc/fstab
echo uninitialized >etc/machine-id
cp "$FILES"/voice-appliance.service etc/systemd/system
cp "$FILES"/sysusers.d/*.conf usr/lib/sysusers.d
cp "$FILES"/tmpfiles.d/*.conf usr/lib/tmpfiles.d
printf '[Unit]\\nRequires=basic.target\\nAfter=basic.target\\nAllowIsolate=yes\\n' >etc/systemd/system/test.target
ln -s test.target etc/systemd/system/default.target
mount -t overlay overlay -o lowerdir="$PROJECT",upperdir="$PLACE"/upper2,workdir="$PLACE"/work2 opt/voice-appliance
grep -rlIF "$PROJECT" opt/voice-appliance/.venv/bin opt/voice-appliance/.venv/lib/python3*/site-packages/__editable__* |
  xargs -r sed -i "s|$PROJECT|/opt/voice-appliance|g"
systemd-sysusers --root=. 2>/dev/null
systemd-tmpfiles --root=. --create --prefix=/etc 2>/dev/null
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --quiet --register=no --keep-unit -M "$NAME" -D . --link-journal=no --private-network -b
"""
"""In a mount namespace of its own, so that nothing of it is left when its last process ends."""

_BREAKABLE_FILE = f"/etc/systemd/system/{UNIT}.d/breakable.conf"
_BREAKABLE = f"""[Service]
WorkingDirectory={INSTALLED}
ExecStart=
ExecStart={INSTALLED}/.venv/bin/python -m tests.systemd.breaking run --config {CONFIG}
"""


_numbers = itertools.count()


class Machine:
    """Booted; `end` is owed."""

    def __init__(self, folder: Path) -> None:
        name = f"appliance-{os.getpid()}-{next(_numbers)}"
        place = folder / "machine"
        place.mkdir()
        where = {"PLACE": str(place), "PROJECT": str(ROOT), "FILES": str(ROOT / "systemd"), "NAME": name}
        build = shlex.join(["sh", "-c", _BUILD])
        self._log = (folder / "console").open("wb")
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--propagation=private", "script", "-qefc", build, "/dev/null"],
            env={**os.environ, **where},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        self._console = folder / "console"
        self._first: str | None = None
        try:
            self._first = self._find_first()
            self.until(lambda: self.run("systemctl", "is-active", "test.target", check=False) == "active", "boot")
        except BaseException:
            self.end()
            raise

    def run(self, *command: str, check: bool = True, **more: str) -> str:
        """What *command* says in there. *more*: `stdin`."""
        done = subprocess.run(
            ["nsenter", "-t", str(self._first), "-a", *command],
            input=more.get("stdin"),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        self.run("sh", "-c", f"mkdir -p $(dirname {path}) && cat >{path} && chmod 0644 {path}", stdin=text)

    def read(self, path: str) -> str:
        """The file at *path*, without a process in there; empty if it is not there."""
        with contextlib.suppress(FileNotFoundError):
            return Path(f"/proc/{self._first}/root{path}").read_text(encoding="utf-8")
        return ""

    def breakable(self, *, yes: bool = True) -> None:
        """From its next start on the service is `tests.systemd.breaking`; or, with *yes* false, the shipped one."""
        self.write(_BREAKABLE_FILE, _BREAKABLE if yes else "")
        self.run("systemctl", "daemon-reload")

    def show(self, *names: str) -> list[str]:
        """Properties of the unit."""
        said = self.run("systemctl", "show", UNIT, *(f"--property={name}" for name in names))
        found = dict(line.split("=", 1) for line in said.splitlines())
        return [found.get(name, "") for name in names]

    def until(self, holds: object, what: str, within_s: float = DEADLINE_S) -> float:
        """Wait until *holds*() is true; how long it took, in seconds. Another machine has no event to wait for."""
        assert callable(holds)
        began_s = time.monotonic()
        while not holds():
            assert time.monotonic() - began_s < within_s, f"waited {within_s} s for {what}\n{self.said()}"
            assert self._process.poll() is None, f"the machine has ended\n{self.said()}"
            time.sleep(POLL_S)
        return time.monotonic() - began_s

    def said(self) -> str:
        """The end of the console, and of the service's journal."""
        console = self._console.read_text(errors="replace")[-3_000:]
        if self._first is None:
            return console
        return f"{console}\n{self.run('journalctl', '-u', UNIT, '-n', '40', '--no-pager', check=False)}"

    def end(self) -> None:
        """At once. What ran in there ends with its first process."""
        if self._first is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self._first), 9)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _find_first(self) -> str:
        """The number of the container's first process: the child of nspawn, which is a child of `script`."""
        found: list[str] = []

        def there() -> bool:
            found[:] = _descendants(str(self._process.pid))
            return any(_name(one) == "systemd" for one in found)

        self.until(there, "the first process")
        return next(one for one in found if _name(one) == "systemd")


def _descendants(process: str) -> list[str]:
    found = [process]
    for one in found:
        with contextlib.suppress(OSError):
            found += Path(f"/proc/{one}/task/{one}/children").read_text().split()
    return found


def _name(process: str) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def why_not() -> str | None:
    """What this machine lacks for it, or None."""
    if os.geteuid() != 0:
        return "needs root, for a container"
    for tool in ("systemd-nspawn", "script", "nsenter", "unshare"):
        if shutil.which(tool) is None:
            return f"needs {tool}; scripts/test installs it"
    if not (ROOT / ".venv/bin/voice-appliance").exists():
        return "needs the project's own environment, .venv"
    mounted = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    return None if mounted.returncode == 0 else f"needs mount namespaces: {mounted.stderr.strip()}"


@contextlib.contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    found = Machine(folder)
    try:
        yield found
    finally:
        found.end()
