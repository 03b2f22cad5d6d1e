"""The error tree, sorted by what the reader should do.

A message names the thing, the value, the expectation and the next step. What is raised here ends in one line for a
person: `cli` maps each class to its exit status, `service` turns those of a session into a `Failure`.
"""

from __future__ import annotations


class ApplianceError(Exception):
    """The root: something that was foreseen went wrong. Exit 1."""


class ConfigError(ApplianceError):
    """Fix the file. Exit 78. *problems* are complete lines, `FILE:LINE: KEY: what; what was expected`, sorted."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnavailableError(ApplianceError):
    """Fix this machine: something is not installed, not built, or not there. Exit 69."""


class DeviceError(ApplianceError):
    """A sound device failed to open, or stopped working. It may be opened again; the session is not harmed.

    *busy*: the device is there, but something else uses it. *stalled*: it is open, but its samples do not advance.
    """

    def __init__(self, message: str, *, busy: bool = False, stalled: bool = False) -> None:
        super().__init__(message)
        self.busy = busy
        self.stalled = stalled


class CodecError(ApplianceError):
    """A packet that is no sound. One packet is lost, nothing else."""
