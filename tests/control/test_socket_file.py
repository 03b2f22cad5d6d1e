"""The socket as a file: what is found at its path, who may use it, and who removes it."""

from __future__ import annotations

import asyncio
import grp
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.control import socket_file
from appliance.control.client import Client
from appliance.control.server import ControlServer
from appliance.control.socket_file import PATH_BYTES_MAX, listen
from appliance.errors import ApplianceError, UnavailableError
from tests.control.serving import serving
from tests.doubles.appliance import FakeAppliance


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


@pytest.fixture
def bound(path: Path) -> Iterator[socket.socket]:
    """A socket at *path*, as a process leaves it that was killed, or before it listens."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        yield sock


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_mode_whatever_the_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with serving(path) as served:
            assert mode_of(path) == 0o660
            assert Client(path).get("/v1/status") == served.appliance.status()
    finally:
        os.umask(before)
    assert not path.exists()


def test_nobody_can_connect_before_mode_and_group_are_right(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def before_chmod(_path: Path) -> None:
        seen.append(Client(path).why_not())

    monkeypatch.setattr(socket_file, "_give_to_group", before_chmod)
    file = listen(path)
    seen.append(Client(path).why_not())
    file.sock.close()
    assert seen == ["nobody listens", None]


def test_its_own_group_where_there_is_none_by_the_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_file, "GROUP", "no-such-group")
    with serving(path):
        assert path.stat().st_gid == os.getegid()


def test_the_group_where_there_is_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {group.gr_gid: group.gr_name for group in grp.getgrall()}
    may = groups if os.geteuid() == 0 else set(os.getgroups())
    other = next((gid for gid in groups if gid in may and gid != os.getegid()), None)
    if other is None:
        pytest.skip("this user is in one group only")
    monkeypatch.setattr(socket_file, "GROUP", groups[other])
    with serving(path):
        assert path.stat().st_gid == other
        assert mode_of(path) == 0o660


def test_a_group_that_is_not_ours_to_give(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_args: object) -> None:
        raise PermissionError

    monkeypatch.setattr(socket_file, "GROUP", grp.getgrgid(os.getegid()).gr_name)
    monkeypatch.setattr(os, "chown", refuse)
    with serving(path):
        assert mode_of(path) == 0o660
    assert "control_socket_group_not_set" in caplog.text


def test_a_stale_socket_is_replaced(path: Path, bound: socket.socket) -> None:
    inode = path.stat().st_ino
    bound.close()
    with serving(path) as served:
        assert Client(path).get("/v1/status") == served.appliance.status()
        assert inode  # it may be used again, so only the answer tells


def test_a_live_one_is_left_alone(path: Path) -> None:
    with serving(path) as first:
        with pytest.raises(ApplianceError, match=f"another appliance is running at {path}; stop it") as error:
            listen(path)
        assert not isinstance(error.value, UnavailableError)
        assert Client(path).get("/v1/status") == first.appliance.status()


def test_one_too_busy_to_take_us_is_alive(path: Path, bound: socket.socket) -> None:
    bound.listen(0)
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(str(path))  # fills its backlog
        with pytest.raises(ApplianceError, match="another appliance is running"):
            listen(path)
    assert path.exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link", "fifo"])
def test_what_is_not_a_socket_is_left_alone(path: Path, tmp_path: Path, kind: str) -> None:
    match kind:
        case "file":
            path.write_text("precious")
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(tmp_path / "elsewhere")
        case "fifo":
            os.mkfifo(path)
    before = path.lstat()
    with pytest.raises(
        ApplianceError, match=f"{path} is there and is not a socket; remove it, or set .control. socket"
    ):
        listen(path)
    assert path.lstat() == before


def test_a_socket_of_another_kind_is_left_alone(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))
        with pytest.raises(ApplianceError, match="is another program's socket"):
            listen(path)
        assert path.exists()


def test_no_folder_for_it(tmp_path: Path) -> None:
    path = tmp_path / "none" / "s"
    with pytest.raises(UnavailableError, match=f"there is no folder {path.parent}; make it, or set .control. socket"):
        listen(path)
    (tmp_path / "none").write_text("")
    with pytest.raises(UnavailableError, match="there is no folder"):
        listen(path)


def test_a_folder_that_is_not_ours(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket_file, "_bind", refuse)
    with pytest.raises(UnavailableError, match=f"cannot make the control socket {path}: permission denied; let this"):
        listen(path)


def test_the_longest_path_and_one_more(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    room = PATH_BYTES_MAX - len(os.fsencode(folder)) - 1
    if room < 1:
        pytest.skip("the folder for temporary files has too long a path itself")
    with serving(folder / ("s" * room)) as served:
        assert Client(served.path).get("/v1/status")
    with pytest.raises(ApplianceError, match=rf"too long: .*; \[control\] socket takes at most {PATH_BYTES_MAX} bytes"):
        listen(folder / ("s" * (room + 1)))


def test_another_ones_socket_is_not_removed(path: Path) -> None:
    with serving(path):
        path.rename(path.with_name("kept"))  # so that its inode is not used again
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
    assert path.exists()


def test_gone_before_the_end(path: Path) -> None:
    with serving(path) as served:
        path.unlink()
        served.stop()
        served.stop()


def test_what_fails_half_way_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as broken, pytest.raises(UnavailableError, match="operation not permitted"):
        broken.setattr(Path, "chmod", refuse)
        listen(path)
    assert not path.exists()


def test_a_start_that_fails_lets_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    appliance = FakeAppliance()

    def refuse(_listener: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(appliance, "subscribe", refuse)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(ControlServer(appliance, path).start())
    assert not path.exists()


def test_again_and_again(path: Path) -> None:
    async def once() -> None:
        server = ControlServer(appliance, path)
        await server.start()
        seen.append((len(appliance.listeners), Client(path).why_not()))
        await server.stop()
        seen.append((len(appliance.listeners), Client(path).why_not()))

    appliance = FakeAppliance()
    seen: list[tuple[int, str | None]] = []
    for _ in range(3):
        asyncio.run(once())
    assert seen == [(1, None), (0, "not there")] * 3
