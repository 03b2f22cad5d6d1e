"""Options that several commands have, and what follows from them. Imports nothing heavy."""

from __future__ import annotations

import argparse
import os
import stat
from pathlib import Path

from appliance.config.load import control_only
from appliance.config.schema import Control
from appliance.errors import ConfigError, UnavailableError

DEFAULT_CONFIG = Path("/etc/voice-appliance/appliance.toml")
SOCKET_VARIABLE = "VOICE_APPLIANCE_SOCKET"


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config FILE`: `args.config` is its path, and the default one when it is not given."""
    parser.add_argument(
        "--config",
        type=Path,
        default=DEFAULT_CONFIG,
        metavar="FILE",
        help=f"the configuration (default {DEFAULT_CONFIG})",
    )


def add_socket(parser: argparse.ArgumentParser) -> None:
    """`--socket PATH` and `--config FILE`, for `sockets`."""
    parser.add_argument("--socket", type=Path, metavar="PATH", help="the control socket of the running appliance")
    add_config(parser)


def sockets(args: argparse.Namespace) -> list[Path]:
    """Where a running appliance may listen, in the order to try. *args* come from `add_socket`.

    Raises `ConfigError` for a file that was named; without one, a wrong or unreadable default file is not the
    concern of who only asks for the state.
    """
    if args.socket is not None:
        return [args.socket]
    if named := os.environ.get(SOCKET_VARIABLE):
        return [Path(named)]
    try:
        control = control_only(args.config)
    except ConfigError:
        if args.config != DEFAULT_CONFIG:
            raise
        control = Control()
    return [Path(control.socket), demo_socket()]


def demo_socket() -> Path:
    """Where the demo listens."""
    return _demo_folder() / "voice-appliance.sock"


def make_demo_folder() -> Path:
    """The folder of `demo_socket`, made if need be. Raises `UnavailableError` if it is somebody else's."""
    folder = _demo_folder()
    if not os.environ.get("XDG_RUNTIME_DIR"):
        folder.mkdir(mode=0o700, exist_ok=True)
    check_demo_folder()
    return folder


def check_demo_folder() -> None:
    """Raises `UnavailableError` if the folder of `demo_socket` is there and is somebody else's."""
    if os.environ.get("XDG_RUNTIME_DIR"):
        return
    folder = _demo_folder()
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return
    # /tmp is everybody's: another user may have been there first, to listen in the demo's place.
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise UnavailableError(f"{folder} is not a folder of yours alone; remove it, or set XDG_RUNTIME_DIR")


def _demo_folder() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) if runtime else Path(f"/tmp/voice-appliance-{os.getuid()}")
