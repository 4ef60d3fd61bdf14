"""What holds for every test."""

import logging
from collections.abc import Iterator
from contextlib import suppress

import pytest

with suppress(ImportError):  # environments without property tests
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("no clock")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """SMAC sets up logging for the whole process, after which Python's last resort is silent."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
    for handler in list(root.handlers):
        if type(handler) is logging.StreamHandler:  # pytest has its own
            root.removeHandler(handler)
