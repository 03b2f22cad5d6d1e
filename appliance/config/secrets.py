"""Secrets: where they may come from, and how they are kept from being shown.

They never stand in the configuration itself, which is backed up, mailed and shown; it names a systemd credential or a
file that nobody but its owner can read.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

STARS = "********"
LARGEST_SECRET_BYTES = 16_384
"""More than any key or token has; a certificate or a disk image named by mistake is not read."""


_SECRET_NAMES = re.compile(r"authorization|cookie|key|token|secret|passw|credential", re.IGNORECASE)


class Secret:
    """A text that prints as stars. Compared by its value; `reveal` is the one way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. For the wire only."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({STARS!r})"

    def __str__(self) -> str:
        return STARS

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


class UnusableSecretError(Exception):
    """A secret cannot be had: *what* is wrong, and what was *expected*. Never holds the secret itself."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected


def sounds_secret(name: str) -> bool:
    """Whether what goes by *name* had better not be shown. Errs on the side of stars."""
    return _SECRET_NAMES.search(name) is not None


def is_reference(text: str) -> bool:
    """Whether *text* says where a secret is, rather than being one."""
    return text.startswith(("credential:", "file:"))


def resolve(reference: str, *, folder: Path, credentials: Path | None) -> Secret:
    """The secret that *reference* names. Raises `UnusableSecretError`.

    A relative `file:PATH` starts at *folder*, the configuration's own; *credentials* is systemd's directory, if any.
    """
    scheme, _, name = reference.partition(":")
    if not name or "\0" in name:
        raise UnusableSecretError(
            f'"{scheme}:" names nothing', f'expected "{scheme}:{"NAME" if scheme == "credential" else "PATH"}"'
        )
    if scheme == "file":
        return _read(folder / name, private=True)
    if "/" in name or name in {".", ".."}:
        raise UnusableSecretError(
            "a credential's name has no slash", 'expected "credential:NAME", or "file:PATH" for a file'
        )
    if credentials is None:
        raise UnusableSecretError(
            f"no credentials here: $CREDENTIALS_DIRECTORY is not set, so {name!r} cannot be read",
            f"expected a service with LoadCredential={name}:PATH, or use file:PATH",
        )
    # systemd makes the directory, and sees to it that nobody else can read it.
    return _read(credentials / name, private=False)


def _read(path: Path, *, private: bool) -> Secret:
    """The one line in *path*. With *private*, nobody but the owner may have any access to it."""
    expected = "expected a file of one line that holds the secret"
    try:
        # Not blocking: a FIFO without a writer would hold the start of the appliance for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnusableSecretError(f"{path} is not a file", expected)
            mode = stat.S_IMODE(status.st_mode)
            if private and mode & 0o077:
                raise UnusableSecretError(
                    f"{path} has mode {mode:04o}, so others than its owner can read or change it",
                    f"expected mode 0600: chmod 600 {path}",
                )
            content = file.read(LARGEST_SECRET_BYTES + 1)
    except OSError as error:
        raise UnusableSecretError(f"cannot read {path}: {error.strerror}", expected) from error
    return _one_line(content, path, expected)


def _one_line(content: bytes, path: Path, expected: str) -> Secret:
    if len(content) > LARGEST_SECRET_BYTES:
        raise UnusableSecretError(f"{path} is longer than {LARGEST_SECRET_BYTES} bytes", expected)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise UnusableSecretError(f"{path} is not UTF-8 text", expected) from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip():
        raise UnusableSecretError(f"{path} is empty", expected)
    if "\n" in text or "\r" in text:
        raise UnusableSecretError(f"{path} has more than one line", expected)
    if not text.isprintable():
        raise UnusableSecretError(f"{path} holds control characters", expected)
    return Secret(text)
