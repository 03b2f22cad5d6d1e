"""Kinds of values that are more than a number, a choice or a line of text: addresses, secrets, headers, free tables.

The plain ones, and what a kind is, stand in `kinds`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from appliance.config.boards import KINDS, board_file, board_names
from appliance.config.kinds import Desk, KeyPath, Text, shown
from appliance.config.secrets import Secret, UnusableSecretError, is_reference, resolve, sounds_secret

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2: token
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110, section 5.5, without a line break
_PIN_NAME = re.compile(r"[A-Za-z0-9_:-]{1,32}")
_ICE_URL = re.compile(r"(stun|stuns|turn|turns):[^\s/]+")  # RFC 7064 and 7065: no slashes
LARGEST_SOCKET_NAME_BYTES = 107  # sun_path has 108, and ends with a NUL


@dataclass(frozen=True, slots=True)
class Url:
    """An `http` or `https` address with a host, or one of *words*."""

    words: tuple[str, ...] = ()
    like: str = '"http://HOST:PORT" or "https://HOST"'

    @property
    def expected(self) -> str:
        return ", or ".join([self.like, *(shown(word) for word in self.words)])

    def read(self, value: object, key: KeyPath, desk: Desk) -> str:
        if isinstance(value, str) and value in self.words:
            return value
        text = Text(self.expected).read(value, key, desk)
        if text and (what := _wrong_with_url(text)):
            desk.note(key, what, f"expected {self.expected}")
        return text


def _wrong_with_url(text: str) -> str:
    """What is wrong with the address *text*; empty: nothing. A password in it is not repeated."""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "the host or the port cannot be read"
    if parts.username is not None or parts.password is not None:
        return "a name or password stands in the address; api_key is the place for a secret"
    if parts.scheme not in {"http", "https"} or not host:
        return f"{shown(text)} has no http:// or https:// with a host behind it"
    if parts.fragment or any(character.isspace() for character in text):
        return f"{shown(text)} holds a space or a #"
    return ""


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is. Read to the secret itself; "" is read to None."""

    expected: str = '"credential:NAME" or "file:PATH"'

    def read(self, value: object, key: KeyPath, desk: Desk) -> Secret | None:
        if value == "":
            return None
        if not isinstance(value, str):
            desk.note(key, f"{shown(value)} is not a text", f"expected {self.expected}")
        elif not is_reference(value):
            desk.note(key, "the secret itself stands here", 'expected "file:PATH": move it to a file of mode 0600')
        else:
            return _resolved(value, key, desk)
        return None


def _resolved(reference: str, key: KeyPath, desk: Desk) -> Secret | None:
    try:
        return resolve(reference, folder=desk.folder, credentials=desk.credentials)
    except UnusableSecretError as error:
        desk.note(key, error.what, error.expected)
        return None


@dataclass(frozen=True, slots=True)
class FreeTable:
    """Any table that JSON can carry as well, since that is what it becomes on the wire."""

    expected: str = "a table"

    def read(self, value: object, key: KeyPath, desk: Desk) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            desk.note(key, f"{shown(value)} is not a table", f"expected {self.expected}, as {{ name = value }}")
            return {}
        _check_json(value, key, desk)
        return value


def _check_json(value: object, key: KeyPath, desk: Desk) -> None:
    match value:
        case dict():
            for name, item in value.items():
                _check_json(item, (*key, name), desk)
        case list():
            for index, item in enumerate(value):
                _check_json(item, (*key, index), desk)
        case float() if not math.isfinite(value):
            desk.note(key, f"{shown(value)} is not a finite number", "expected a number that JSON knows")
        case int() if value.bit_length() > 64:
            desk.note(key, f"{shown(value)} does not fit into 64 bits", "expected a number that JSON knows")
        case str() | int() | float():
            pass
        case _:
            desk.note(key, "a date or time cannot be sent", "expected a text in quotes")


@dataclass(frozen=True, slots=True)
class Headers:
    """HTTP headers. A value that names a secret is read to it; one whose name sounds secret is kept as one as well."""

    expected: str = 'a table of texts, as { X-Name = "value" }'

    def read(self, value: object, key: KeyPath, desk: Desk) -> Mapping[str, str | Secret]:
        if not isinstance(value, dict):
            desk.note(key, f"{shown(value)} is not a table", f"expected {self.expected}")
            return {}
        return {name: self._header(name, text, (*key, name), desk) for name, text in value.items()}

    def _header(self, name: str, value: object, key: KeyPath, desk: Desk) -> str | Secret:
        if not _HEADER_NAME.fullmatch(name):
            desk.note(key, "not a header's name", "expected letters, digits and -")
        elif not isinstance(value, str):
            desk.note(key, f"{shown(value)} is not a text", "expected a text in quotes")
        elif is_reference(value):
            return _resolved(value, key, desk) or ""
        elif not _HEADER_VALUE.fullmatch(value):
            desk.note(key, "the value cannot stand in a header", "expected one line of ASCII or Latin-1")
        else:
            return Secret(value) if sounds_secret(name) else value
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IceServer:
    """A STUN or TURN server: `urls`, and for TURN the account."""

    urls: tuple[str, ...]
    username: str = ""
    credential: Secret | None = None


@dataclass(frozen=True, slots=True)
class IceServers:
    """An array of tables, each a STUN or TURN server."""

    expected: str = 'an array, as [{ urls = ["stun:HOST:PORT"] }]'

    def read(self, value: object, key: KeyPath, desk: Desk) -> tuple[IceServer, ...]:
        if not isinstance(value, list):
            desk.note(key, f"{shown(value)} is not an array", f"expected {self.expected}")
            return ()
        return tuple(self._server(item, (*key, index), desk) for index, item in enumerate(value))

    def _server(self, value: object, key: KeyPath, desk: Desk) -> IceServer:
        if not isinstance(value, dict):
            desk.note(key, f"{shown(value)} is not a table", f"expected {self.expected}")
            return IceServer(urls=())
        for name in value.keys() - {"urls", "username", "credential"}:
            desk.note((*key, name), "unknown key", "expected urls, username or credential")
        urls = self._urls(value.get("urls", []), (*key, "urls"), desk)
        username = Text(empty="none").read(value.get("username", ""), (*key, "username"), desk)
        if ("username" in value) != ("credential" in value):
            missing, given = ("credential", "username") if "username" in value else ("username", "credential")
            desk.note((*key, given), f"stands without {missing}", "expected both, or neither")
        credential = SecretReference().read(value.get("credential", ""), (*key, "credential"), desk)
        return IceServer(urls=urls, username=username, credential=credential)

    def _urls(self, value: object, key: KeyPath, desk: Desk) -> tuple[str, ...]:
        items = value if isinstance(value, list) else [value]
        if not items:
            desk.note(key, "no address", 'expected urls = ["stun:HOST:PORT"]')
        for item in items:
            if not isinstance(item, str) or not _ICE_URL.fullmatch(item):
                desk.note(
                    key, f"{shown(item)} is not a STUN or TURN address", 'expected "stun:HOST:PORT" or "turn:HOST:PORT"'
                )
        return tuple(item for item in items if isinstance(item, str))


@dataclass(frozen=True, slots=True)
class Pin:
    """A BCM number, or a name that gpiozero knows. "" is no pin."""

    expected: str = 'a BCM number from 0 to 53, or a name like "GPIO17"'

    def read(self, value: object, key: KeyPath, desk: Desk) -> int | str:
        match value:
            case bool():
                pass
            case int() if 0 <= value <= 53:  # the lines a BCM283x has
                return value
            case str() if value == "" or _PIN_NAME.fullmatch(value):
                return value
        desk.note(key, f"{shown(value)} is not a pin", f"expected {self.expected}")
        return ""


@dataclass(frozen=True, slots=True)
class BoardProfile:
    """One of the words, or the name of a board's file."""

    expected: str = '"simulated", "gpio", or the name of a file in boards/'

    def read(self, value: object, key: KeyPath, desk: Desk) -> str:
        name = Text(self.expected).read(value, key, desk)
        if name and name not in KINDS and board_file(name, desk.folder) is None:
            choices = ", ".join(shown(known) for known in (*KINDS, *board_names(desk.folder)))
            desk.note(key, f"no board {shown(name)}", f"expected {choices}, or a file boards/NAME.toml beside this one")
        return name


@dataclass(frozen=True, slots=True)
class SocketPath:
    """Where a Unix socket is made."""

    expected: str = f"an absolute path of at most {LARGEST_SOCKET_NAME_BYTES} bytes"

    def read(self, value: object, key: KeyPath, desk: Desk) -> str:
        path = Text(self.expected).read(value, key, desk)
        if path and (not path.startswith("/") or len(path.encode()) > LARGEST_SOCKET_NAME_BYTES):
            desk.note(key, f"{shown(path)} cannot be a socket's path", f"expected {self.expected}")
        return path


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A PEM file. Read to its path, made absolute from the configuration's folder; "" stays."""

    expected: str = 'the path of a PEM file, or ""'

    def read(self, value: object, key: KeyPath, desk: Desk) -> str:
        if value == "" or not (name := Text(self.expected).read(value, key, desk)):
            return ""
        path = desk.folder / name
        try:
            holds_one = path.is_file() and b"-----BEGIN CERTIFICATE-----" in path.read_bytes()
        except OSError as error:
            desk.note(key, f"cannot read {path}: {error.strerror}", f"expected {self.expected}")
            return ""
        if not holds_one:
            what = f"{path} holds no certificate" if path.is_file() else f"no file {path}"
            desk.note(key, what, f"expected {self.expected}")
        return str(path)


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A WAV file. Read to its path, made absolute from the configuration's folder; the word, and "", stay."""

    word: str = "built-in"

    @property
    def expected(self) -> str:
        return f'{shown(self.word)}, the path of a WAV file, or "" for none'

    def read(self, value: object, key: KeyPath, desk: Desk) -> str:
        name = Text(self.expected).read(value, key, desk) if value != "" else ""
        if name in ("", self.word):
            return name
        path = desk.folder / name
        if not path.is_file():
            desk.note(key, f"no file {path}", f"expected {self.expected}")
        return str(path)


@dataclass(frozen=True, slots=True)
class DeviceName:
    """How a sound device is named. Whether it is there is seen when it is opened."""

    expected: str

    def read(self, value: object, key: KeyPath, desk: Desk) -> str:
        name = Text(self.expected).read(value, key, desk)
        if name.partition("?")[0] in {"wav:", "card:"}:
            desk.note(key, f"{shown(name)} names nothing", f"expected {self.expected}")
        return name


def same_pin(pin: int | str) -> str:
    """*pin* by one name, whichever way it was written; "" for no pin."""
    return str(pin).upper().removeprefix("GPIO").removeprefix("BCM")
