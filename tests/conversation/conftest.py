"""The two runners, and mock pins, for conversations of the whole appliance."""

from tests.board.conftest import pins
from tests.contract.conftest import echo, kind

__all__ = ["echo", "kind", "pins"]
