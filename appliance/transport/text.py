"""Text from outside, made fit for one line of a log. Pure."""

from __future__ import annotations

MESSAGE_CHARS = 300
"""Enough for a sentence and its reason; validation errors of a runner go on for pages."""


def one_line(text: str, limit: int = MESSAGE_CHARS) -> str:
    """*text* as one printable line of at most *limit* characters, blanks joined, valid as UTF-8."""
    clipped = text[: 8 * limit].encode("utf-8", "replace").decode()
    line = " ".join("".join(char if char.isprintable() else " " for char in clipped).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
