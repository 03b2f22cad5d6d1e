"""The Unix socket as a file: made with the right mode and group, replaced when stale, removed when still ours.

Nothing of HTTP. What is found at the path is never deleted, but for a socket that nobody listens on any more.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import logging
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import ApplianceError, UnavailableError
from appliance.telling import tell

log = logging.getLogger(__name__)

MODE = 0o660
GROUP = "voice-appliance"
PATH_BYTES_MAX = 107
"""unix(7): sun_path holds 108 bytes with the one that ends it."""
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class SocketFile:
    """A socket that listens at *path*, and which file there is ours."""

    sock: socket.socket
    path: Path
    device: int
    inode: int

    def is_there(self) -> bool:
        """Whether who looks for the socket at *path* finds this one."""
        try:
            found = self.path.lstat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (self.device, self.inode)

    def close(self) -> None:
        """Remove the file, and listen no more. Idempotent, never raises."""
        if self.sock.fileno() >= 0:  # once it is closed, another file may get the number of ours
            self.remove()
            self.sock.close()

    def remove(self) -> None:
        """Remove the file, unless another has taken its place. Never raises."""
        with contextlib.suppress(OSError):
            if self.is_there():
                self.path.unlink()


def listen(path: Path) -> SocketFile:
    """Make the socket at *path*, non-blocking and listening. Its `remove` is owed, and the closing of `sock`.

    Raises `UnavailableError` when this machine has no place for it there, `ApplianceError` when the place is taken.
    """
    if len(os.fsencode(path)) > PATH_BYTES_MAX:
        raise ApplianceError(
            f"the path of the control socket is too long: {path}; [control] socket takes at most {PATH_BYTES_MAX} bytes"
        )
    try:
        _make_room(path)
        return _bind(path)
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise UnavailableError(
                f"no place for the control socket {path}: there is no folder {path.parent}; "
                "make it, or set [control] socket to a path that has one"
            ) from error
        raise UnavailableError(
            f"cannot make the control socket {path}: {why}; "
            "let this user write to its folder, or set [control] socket to another path"
        ) from error


def _make_room(path: Path) -> None:
    """Remove a stale socket from *path*. Raises `ApplianceError` when what is there must stay; `OSError`."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ApplianceError(f"{path} is there and is not a socket; remove it, or set [control] socket to another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a listener whose backlog is full must not hold us up
        answer = probe.connect_ex(os.fspath(path))
    match answer:
        case errno.ECONNREFUSED:
            path.unlink()
        case errno.ENOENT:
            pass  # its owner has removed it just now
        case 0 | errno.EAGAIN | errno.EINPROGRESS:
            raise ApplianceError(
                f"another appliance is running at {path}; stop it, or set [control] socket to another path"
            )
        case errno.EPROTOTYPE:
            raise ApplianceError(f"{path} is another program's socket; set [control] socket to another path")
        case _:
            raise OSError(answer, os.strerror(answer))


def _bind(path: Path) -> SocketFile:
    """Nobody can connect before `listen`, so mode and group are right before the first one does. Raises `OSError`."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.bind(os.fspath(path))
        made = path.lstat()
        file = SocketFile(sock, path, made.st_dev, made.st_ino)
        try:
            _give_to_group(path)
            path.chmod(MODE)  # after the group: until then it is no wider than the umask
            sock.listen(_BACKLOG)
        except OSError:
            file.remove()
            raise
    except OSError:
        sock.close()
        raise
    return file


def _give_to_group(path: Path) -> None:
    try:
        group = grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return
    try:
        os.chown(path, -1, group)
    except PermissionError:  # a user who runs it by hand, and is no member
        tell(log, logging.WARNING, "control_socket_group_not_set", group=GROUP, path=path)
