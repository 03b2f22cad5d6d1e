"""What holds for the whole suite."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests import runners
from tests.strict import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]  # pytest finds its hooks here

# How long an example takes says something of the machine, and nothing of the code: a hang is ended by pytest-timeout.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the real runner where there is none, with the reason."""
    if runners.PIPECAT_PYTHON.exists():
        return
    reason = f"needs the real Pipecat runner in {runners.PIPECAT_PYTHON.parent.parent.name}; scripts/test installs it"
    for item in items:
        if item.get_closest_marker("runner"):
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_sessionfinish() -> None:
    runners.end_all()
