"""The command line: what each kind of end says, and which status it leaves."""

from __future__ import annotations

import argparse
import itertools
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from appliance import __version__
from appliance.cli import COMMANDS, main, parser_for
from appliance.errors import ApplianceError, ConfigError, DeviceError, UnavailableError

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def dial(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A stand-in for the command `dial`, which the test gives something to do."""
    module = ModuleType("appliance.cli.dial")
    module.arguments = lambda parser: parser.add_argument("--n", type=int, default=0)  # type: ignore[attr-defined]
    module.run = lambda args: args.n  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def ending(module: ModuleType, error: BaseException) -> None:
    def run(_args: argparse.Namespace) -> int:
        raise error

    module.run = run  # type: ignore[attr-defined]


def test_a_command_gets_its_options_and_its_status_is_returned(dial: ModuleType) -> None:
    assert main(["dial"]) == 0
    assert main(["dial", "--n", "7"]) == 7


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ConfigError(["a:1: b: c; d", "a:2: e: f; g"]), 78, "a:1: b: c; d\na:2: e: f; g\n"),
        (
            UnavailableError("no libopus; apt-get install libopus0"),
            69,
            "voice-appliance: no libopus; apt-get install libopus0\n",
        ),
        (ApplianceError("it\n  failed"), 1, "voice-appliance: it failed\n"),
        (DeviceError("no card"), 1, "voice-appliance: no card\n"),
        (
            ZeroDivisionError("by\nzero"),
            1,
            "voice-appliance: a fault of ours: ZeroDivisionError: by zero; VOICE_APPLIANCE_DEBUG=1 shows where\n",
        ),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_are_exits(dial: ModuleType, capsys: Captured, error: BaseException, status: int, said: str) -> None:
    ending(dial, error)
    assert main(["dial"]) == status
    assert capsys.readouterr() == ("", said)


def test_the_traceback_is_for_those_who_ask(
    dial: ModuleType, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending(dial, UnavailableError("no"))
    monkeypatch.setenv("VOICE_APPLIANCE_DEBUG", "1")
    assert main(["dial"]) == 69
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.endswith("\nvoice-appliance: no\n")


@pytest.mark.parametrize(
    "words", [[], ["nonsense"], ["--nonsense"], ["--", "check"], ["dial", "--n", "x"], ["dial", "x"]]
)
def test_a_wrong_command_line(dial: ModuleType, capsys: Captured, words: list[str]) -> None:
    assert main(words) == 2
    assert "usage: voice-appliance" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["setup", "doctor", "bundle"])
def test_commands_that_are_not_built_are_unknown(capsys: Captured, name: str) -> None:
    assert main([name]) == 2
    assert f"invalid choice: '{name}'" in capsys.readouterr().err


def test_help_and_version(capsys: Captured) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"    {name} " in said and command.help in " ".join(said.split()) for name, command in COMMANDS.items())
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"voice-appliance {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_help_shows_an_example_that_is_right(name: str, capsys: Captured) -> None:
    """Of every command: its module is there, its options are, and its own example parses."""
    assert main([name, "--help"]) == 0
    example = COMMANDS[name].example
    assert f"example: voice-appliance {example}" in capsys.readouterr().out
    command, *words = itertools.takewhile(lambda word: word not in {"|", "</dev/null"}, shlex.split(example))
    assert command == name
    assert parser_for(name).parse_args(words).run


def test_nothing_of_a_closed_pipe_is_said() -> None:
    script = "import sys; from appliance.cli import main; sys.exit(main(['--help']))"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (141, b"")


def test_check_says_ok_or_every_problem(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "a.toml"
    path.write_text("")
    assert main(["check", "--config", str(path)]) == 0
    assert capsys.readouterr() == (f"ok: {path}\n", "")
    path.write_text("[talk]\nmode = 1\nmod = 2\n")
    assert main(["check", "--config", str(path)]) == 78
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(":")[1] for line in said.err.splitlines()] == ["2", "3"]


def test_config_shows_toml_or_json(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[talk]\nmode = "toggle"\n[runner.headers]\nCookie = "hunter2"\n')
    assert main(["config", "--config", str(path)]) == 0
    assert 'mode = "toggle"\n' in (said := capsys.readouterr().out)
    assert "hunter2" not in said
    assert main(["config", "--json", "--config", str(path)]) == 0
    assert '"mode": "toggle"' in (said := capsys.readouterr().out)
    assert "hunter2" not in said


@pytest.mark.parametrize("words", [["check", "--config", "/dev/null"], ["--help"], ["check", "--help"], ["nonsense"]])
def test_cheap_commands_import_nothing_heavy(words: list[str]) -> None:
    script = f"""
import sys
from appliance.cli import main
main({words!r})
heavy = {{"aiohttp", "aiortc", "av", "numpy", "soxr", "asyncio", "ssl", "difflib", "logging"}} & sys.modules.keys()
print("heavy:", *sorted(heavy))
"""
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert process.stdout.endswith("heavy:\n"), process.stdout
