"""The composition root: what it costs before there is anything to see."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"aiohttp", "aiortc", "av", "numpy", "soxr", "cryptography", "gpiozero", "alsaaudio", "webrtcvad", "systemd"}


def test_nothing_heavy_is_imported_before_the_first_light() -> None:
    """What `run` needs until it has a board: the process must show that it lives within 0.3 s."""
    script = f"""
import sys
import appliance.cli.run, appliance.app, appliance.reloading, appliance.board.simulated
print("heavy:", *sorted({HEAVY!r} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "heavy:\n"
