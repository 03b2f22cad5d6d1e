"""pyalsaaudio, loaded when a sound card is asked for and not before."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Any

from appliance.errors import UnavailableError


def load(why: str) -> Any:
    """The module `alsaaudio`. Raises `UnavailableError`, which begins with *why*, where it is not installed."""
    try:
        import alsaaudio
    except ImportError as error:
        raise UnavailableError(
            f"{why} needs pyalsaaudio, which cannot be loaded ({error}); scripts/run installs it"
        ) from None
    _hush()
    return alsaaudio


def _hush() -> None:
    """Keep ALSA's library from writing to standard error: what it says there is in the errors too.

    It wants a function to call instead. One of C's own that looks at no argument but a number can be called by any
    thread, even while the interpreter ends, which one of ours could not.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(ctypes.CDLL(None).labs)
