"""A sound server of the tests' own, and ALSA devices that lead to it: real ones, paced in real time, without a card.

PulseAudio runs as its own process with its own folder, and is ended by its number. `sound_server` is a fixture for
whoever imports it; tests that use it are marked `alsa`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DEADLINE_S = 10.0
POLL_S = 0.01


class SoundServer:
    """PulseAudio with two null sinks. *folder* is its own, and short: it holds a socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = folder / "lock"
        self.socket = folder / "native"
        self._process: subprocess.Popen[bytes] | None = None
        plugins = folder / "libplugins.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-DPIC", "-o", plugins, HERE / "plugins.c", "-lasound"], check=True)
        self._fill("pulse.pa", SOCKET=self.socket)
        self._fill("asound.conf", PLUGINS=plugins, LOCK=self.lock)

    @property
    def environment(self) -> dict[str, str]:
        """What makes ALSA, in this process or another, know this server and nothing else."""
        return {
            "ALSA_CONFIG_PATH": str(self.folder / "asound.conf"),
            "PULSE_SERVER": f"unix:{self.socket}",
            "PULSE_COOKIE": str(self.folder / "cookie"),
        }

    def start(self) -> None:
        """Until it answers. Idempotent."""
        if self._process is not None:
            return
        command = ["pulseaudio", "-n", "-F", str(self.folder / "pulse.pa"), "--daemonize=no", "--use-pid-file=no"]
        command += ["--exit-idle-time=-1", "--disable-shm=yes", "--log-target=stderr", "--log-level=error"]
        self.socket.unlink(missing_ok=True)
        places = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "PULSE_RUNTIME_PATH": str(self.folder)}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **places}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until_s = time.monotonic() + DEADLINE_S
        while not self._answers():
            if time.monotonic() > until_s or self._process.poll() is not None:
                self.stop()
                raise AssertionError(f"PulseAudio does not answer: {(self.folder / 'log').read_text()}")
            time.sleep(POLL_S)  # it tells nobody

    def stop(self) -> None:
        """At once, as a card is pulled out. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0

    def _fill(self, name: str, **places: Path) -> None:
        """The file *name* of this folder, with its @PLACES@ filled in."""
        text = (HERE / name).read_text()
        for place, path in places.items():
            text = text.replace(f"@{place}@", str(path))
        (self.folder / name).write_text(text)


def why_not() -> str | None:
    """What this machine lacks for it, or None."""
    plugin = list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so"))
    if not shutil.which("pulseaudio") or not plugin:
        return "needs pulseaudio and libasound2-plugins; scripts/test installs them"
    return None


@pytest.fixture(scope="session")
def one_sound_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    server = SoundServer(tmp_path_factory.mktemp("sound"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sound_server(one_sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch) -> SoundServer:
    """It runs, and ALSA in this process leads to it. A test may stop it, and owes a start."""
    for name, value in one_sound_server.environment.items():
        monkeypatch.setenv(name, value)
    return one_sound_server
