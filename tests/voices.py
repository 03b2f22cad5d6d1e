"""A mark for tests in which espeak-ng speaks."""

from __future__ import annotations

import shutil

import pytest

voices = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng; scripts/test installs it")
