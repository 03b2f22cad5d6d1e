"""The two runners, for conversations of the whole appliance."""

from tests.contract.conftest import echo, kind

__all__ = ["echo", "kind"]
