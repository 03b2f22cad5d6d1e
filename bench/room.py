"""A sound server of the benchmark's own, where there is PulseAudio: ALSA devices without a card, paced in real time."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

UP_WITHIN_S = 10.0
SINKS = """load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name=vmic rate=48000 channels=2 norewinds=1
load-module module-null-sink sink_name=vspk rate=48000 channels=2 norewinds=1
set-default-sink vspk
set-default-source vmic.monitor
"""
DEVICES = """pcm_type.pulse { lib "libasound_module_pcm_pulse.so" }
pcm.mic { type pulse device "vmic.monitor" }
pcm.spk { type pulse device "vspk" }
pcm.say { type pulse device "vmic" }
pcm.hear { type pulse device "vspk.monitor" }
pcm.!default { type asym playback.pcm spk capture.pcm mic }
"""


def possible() -> bool:
    """Whether there is what it takes."""
    return bool(shutil.which("pulseaudio")) and any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so"))


@contextlib.contextmanager
def room(folder: Path) -> Iterator[dict[str, str]]:
    """The server, running; what the environment of a process must say for ALSA to lead to it and nowhere else.

    Its devices: `mic` and `spk` for the box, `say` to speak into `mic`, `hear` to listen to `spk`.
    """
    place = folder / "native"
    (folder / "pulse.pa").write_text(SINKS.format(socket=place), encoding="utf-8")
    (folder / "asound.conf").write_text(DEVICES, encoding="utf-8")
    command = ["pulseaudio", "-n", "-F", str(folder / "pulse.pa"), "--daemonize=no", "--use-pid-file=no"]
    command += ["--exit-idle-time=-1", "--disable-shm=yes", "--log-target=stderr", "--log-level=error"]
    own = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_RUNTIME_PATH": str(folder)}
    with (folder / "pulse.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **own}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_until_up(process, place)
        yield {
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
            "PULSE_SERVER": f"unix:{place}",
            "PULSE_COOKIE": str(folder / "cookie"),
        }
    finally:
        process.kill()
        process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], place: Path) -> None:
    until_s = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < until_s and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as client:
            if client.connect_ex(str(place)) == 0:
                return
        time.sleep(0.02)  # it tells nobody
    raise SystemExit("PulseAudio did not start")
