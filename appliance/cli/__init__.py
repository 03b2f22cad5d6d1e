"""The command line: one table of commands, one module for each, and the one place that turns errors into exits.

A command's module has `arguments(parser)` and `run(args) -> int`. It is imported only when the command is called, so
that `check` and `--help` do not wait for WebRTC.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from dataclasses import dataclass
from typing import NoReturn

from appliance import __version__
from appliance.errors import ApplianceError, ConfigError, UnavailableError

PROG = "voice-appliance"

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 69
EXIT_CONFIG = 78
EXIT_INTERRUPTED = 130
"""128 and the signal's number, as shells have it: SIGINT, and below SIGPIPE."""
EXIT_PIPE = 141


@dataclass(frozen=True, slots=True)
class Command:
    """A line of `--help`, and an example for the command's own."""

    help: str
    example: str


COMMANDS = {
    "demo": Command("a whole conversation on this machine, with nothing configured", "demo </dev/null"),
    "run": Command("the daemon", "run --config appliance.toml"),
    "check": Command("say what is wrong with the configuration", "check --config appliance.toml"),
    "config": Command("show the configuration as it takes effect, secrets as stars", "config --json"),
    "devices": Command("the sound devices of this machine, and why one cannot be used", "devices --json"),
    "level": Command("how loud the microphone is, and what the voice gate makes of it, live", "level --seconds 10"),
    "dial": Command("connect once, and say how long each stage took or why it failed", "dial --config appliance.toml"),
    "status": Command("the state of the running appliance", "status"),
    "start": Command("start a session, as a session button would", "start"),
    "stop": Command("end the session, as a session button would", "stop"),
    "mute": Command("close the microphone until it is unmuted, as a mute button would", "mute"),
    "unmute": Command("let the microphone be opened again", "unmute"),
    "reload": Command("have the running appliance read its configuration again", "reload"),
    "events": Command("what happens, as it happens, a line each", "events --json | grep '\"turn\"'"),
    "press": Command("press a button of a simulated board", "press talk"),
    "release": Command("release a button of a simulated board", "release talk"),
    "tap": Command("press and release a button of a simulated board", "tap talk"),
    "replay": Command("play a trace of the machine again, and name what it broke", "replay trace.jsonl"),
    "runner": Command("the embedded runner alone", "runner --port 7860 --bot echo"),
}
"""Each has its module in this package, by the same name."""


def main(argv: list[str] | None = None) -> int:
    """Run the command in *argv* (without the program's name; None: the process's own). Returns the exit status."""
    words = sys.argv[1:] if argv is None else argv
    try:
        status = _run(words)
        sys.stdout.flush()  # here, where a closed pipe can still be told from a failure
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough. The interpreter must not complain about it at its end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except Exception as error:  # noqa: BLE001 - the last place: whatever was not foreseen ends in one line, too
        return _report(error)
    return status


def parser_for(name: str) -> argparse.ArgumentParser:
    """The parser of the command *name*. Imports the command's module."""
    command = COMMANDS[name]
    parser = argparse.ArgumentParser(
        prog=f"{PROG} {name}",
        description=f"{name}: {command.help}.",
        epilog=f"example: {PROG} {command.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module = importlib.import_module(f"{__name__}.{name}")
    module.arguments(parser)
    parser.set_defaults(run=module.run)
    return parser


def _run(words: list[str]) -> int:
    try:
        if not words or words[0] not in COMMANDS:
            _no_command(words)
        args = parser_for(words[0]).parse_args(words[1:])
    except SystemExit as end:  # how argparse ends: after --help, or a wrong command line
        return end.code if isinstance(end.code, int) else EXIT_USAGE
    status: int = args.run(args)
    return status


def _no_command(words: list[str]) -> NoReturn:
    """Answer `--help`, `--version`, and command lines that name no command. Raises `SystemExit`."""
    parser = argparse.ArgumentParser(
        prog=PROG,
        description="A button, a light, a microphone and a speaker become a voice device for any Pipecat bot.",
        epilog=f"example: {PROG} demo\n{PROG} COMMAND --help says more of each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROG} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.help)
    parser.parse_args(words)
    parser.error("the command comes first")


def _report(error: Exception) -> int:
    """Say on standard error what *error* means for a person. Returns the exit status."""
    if os.environ.get("VOICE_APPLIANCE_DEBUG") == "1":
        traceback.print_exception(error)
    match error:
        case ConfigError():
            print(*error.problems, sep="\n", file=sys.stderr)
            return EXIT_CONFIG
        case ApplianceError():
            print(f"{PROG}: {' '.join(str(error).split())}", file=sys.stderr)
            return EXIT_UNAVAILABLE if isinstance(error, UnavailableError) else EXIT_FAILED
    what = " ".join(f"{type(error).__name__}: {error}".split())
    print(f"{PROG}: a fault of ours: {what}; VOICE_APPLIANCE_DEBUG=1 shows where", file=sys.stderr)
    return EXIT_FAILED
