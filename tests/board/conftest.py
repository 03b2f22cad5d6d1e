"""gpiozero's mock pins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.board.mock import mock_pins


@pytest.fixture
def pins() -> Iterator[Any]:
    """The factory of mock pins that make pulses, in place of the machine's."""
    with mock_pins() as factory:
        yield factory
