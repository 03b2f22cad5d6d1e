"""What ALSA's failures mean, in a person's words. pyalsaaudio gives the text of an errno, and no number."""

from __future__ import annotations

import errno
import os
from typing import Final

from appliance.errors import DeviceError
from appliance.units import Seconds

SEE_DEVICES: Final = "run 'voice-appliance devices'"

_GONE: Final = frozenset(map(os.strerror, (errno.ENOENT, errno.ENODEV, errno.ENXIO)))
_BUSY: Final = frozenset(map(os.strerror, (errno.EBUSY, errno.EAGAIN)))
_CLOSED_TO_US: Final = frozenset(map(os.strerror, (errno.EACCES, errno.EPERM)))
_NOTHING_FITS: Final = os.strerror(errno.EINVAL)


def not_opened(what: str, name: str, error: Exception, user: str = "") -> DeviceError:
    """*what*: "capture" or "playback". *user*: who has the device open, if that is known."""
    reason = text(error)
    if reason in _BUSY:
        whom = user or "another program"
        return DeviceError(f"cannot open {what} device '{name}': busy, {whom} uses it; end that first", busy=True)
    return DeviceError(f"cannot open {what} device '{name}': {_meaning(reason)}")


def unfit(what: str, name: str, why: str) -> DeviceError:
    """It is there, and cannot be used. *why* says what it has and what was expected."""
    return DeviceError(f"cannot open {what} device '{name}': {why}; {SEE_DEVICES}")


def absent(what: str, name: str) -> DeviceError:
    """It was there, and is not any more, though nobody was using it."""
    return DeviceError(f"{what} device '{name}' is not there any more; plug it in again, or {SEE_DEVICES}")


def stopped(what: str, name: str, error: Exception) -> DeviceError:
    """It worked, and does not any more."""
    return DeviceError(f"{what} device '{name}' stopped working ({text(error)}); plug it in again, or {SEE_DEVICES}")


def stalled(what: str, name: str, after_s: Seconds) -> DeviceError:
    """It is open, and its samples do not advance."""
    return DeviceError(
        f"{what} device '{name}' has stood still for {after_s * 1000:.0f} ms; unplug it and plug it in again",
        stalled=True,
    )


def text(error: Exception) -> str:
    """The errno's text in *error*, which pyalsaaudio raises as `text [device]`."""
    return str(error).rpartition(" [")[0] or str(error)


def _meaning(reason: str) -> str:
    if reason in _GONE:
        return f"no such card; {SEE_DEVICES}"
    if reason in _CLOSED_TO_US:
        return f"no permission ({reason}); add this user to the group audio"
    if reason == _NOTHING_FITS:
        return f"no such device, or no format and rate of it can be used ({reason}); {SEE_DEVICES}"
    return f"{reason}; {SEE_DEVICES}"
