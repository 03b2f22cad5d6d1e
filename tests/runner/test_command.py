"""The command `voice-appliance runner`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from appliance.cli import main
from appliance.runner.kinds import BOTS


def test_help_lists_every_bot(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runner", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {usage} " in text and line in text for usage, line in BOTS.items())
    assert "example: voice-appliance runner" in text


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--bot", "ecko"], 1, "no bot is called 'ecko'; did you mean 'echo'?"),
        (["--port", "70000"], 2, "invalid port value: '70000'"),
        (["--host", "192.0.2.77", "--port", "0"], 1, "cannot listen on 192.0.2.77 port 0: cannot assign requested"),
    ],
)
def test_what_is_wrong(words: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runner", *words]) == status
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "appliance", "runner", "--port", "0", "--bot", "slow:2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        try:
            assert process.stdout is not None
            url, said = process.stdout.readline().split(maxsplit=1)
            assert said.strip() == "bot: slow:2"
            with urllib.request.urlopen(url + "/status", timeout=5) as reply:
                assert reply.status == 200
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
            assert process.stderr is not None
            assert process.stderr.read() == ""
        finally:
            process.kill()
