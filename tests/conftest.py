"""What holds for all tests."""

from pathlib import Path

import pytest
from hypothesis import settings

SYSTEM = Path(__file__).resolve().parent / "system"

settings.register_profile("unhurried", settings(), deadline=None)  # a loaded machine is no fault of the code
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in tests/system carries the marker, so that `-m "not system"` leaves all of it out."""
    for item in items:
        if item.path.is_relative_to(SYSTEM):
            item.add_marker(pytest.mark.system)
