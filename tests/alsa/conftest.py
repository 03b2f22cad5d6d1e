"""The sound server, the runners and the mock pins, for every test here."""

from __future__ import annotations

from tests.alsa.server import one_sound_server, sound_server
from tests.board.conftest import pins
from tests.contract.conftest import echo, kind

__all__ = ["echo", "kind", "one_sound_server", "pins", "sound_server"]  # pytest finds its fixtures here
