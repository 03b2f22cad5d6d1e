"""What importing the transport costs: nothing, until a session is wanted."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from appliance.transport import port, settings, smallwebrtc
transport = smallwebrtc.SmallWebRtc(settings.TransportSettings(url="http://h", codec=None))
if {preload}:
    transport.preload()
print(*sorted(set(sys.modules) & {{"aiohttp", "aiortc", "av", "numpy", "ssl", "asyncio"}}))
"""


@pytest.mark.parametrize(("preload", "heavy"), [(False, ""), (True, "aiohttp aiortc asyncio av numpy ssl")])
def test_heavy_imports(preload: bool, heavy: str) -> None:
    program = PROGRAM.format(preload=preload)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    loaded = set(done.stdout.split())
    assert loaded <= set(heavy.split())
    assert preload == ({"aiortc", "aiohttp"} <= loaded)
