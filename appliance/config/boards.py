"""Files that describe a board: the buttons and lights of a thing one can buy or build, as `boards/NAME.toml`.

They are looked for beside the configuration first, then among those that come with the program.
"""

from __future__ import annotations

import re
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "config" / "boards"
KINDS = ("simulated", "gpio")
"""Profiles that are no file."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")


def board_file(name: str, folder: Path) -> Path | None:
    """The file of the board *name*, with or without its .toml; None: there is none. *folder*: the configuration's."""
    if not _NAME.fullmatch(name) or name in KINDS:
        return None
    places = (place / f"{name.removesuffix('.toml')}.toml" for place in (folder / "boards", SHIPPED))
    return next((path for path in places if path.is_file()), None)


def board_names(folder: Path) -> list[str]:
    """The boards there are."""
    return sorted({path.stem for place in (folder / "boards", SHIPPED) for path in place.glob("*.toml")})
