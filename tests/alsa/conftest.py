"""The sound server, for every test here."""

from __future__ import annotations

from tests.alsa.server import one_sound_server, sound_server

__all__ = ["one_sound_server", "sound_server"]  # pytest finds its fixtures here
