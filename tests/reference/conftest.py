"""Comparisons with files that no clone has: official checkpoints and traces of real trainings.

Run them by ``tox -e reference`` with ``EAHAS_REFERENCE_DIR`` naming a folder that holds
``official_quartic/`` (a set of official checkpoints and ``expected.json`` with what the original
code predicts from them) and ``zeus/`` (the two CSV files of the Zeus project's traces).
"""

import os
from pathlib import Path

import pytest

VARIABLE = "EAHAS_REFERENCE_DIR"
NEEDED = (
    "official_quartic/expected.json",
    "zeus/summary_power_v100.csv",
    "zeus/summary_train.csv",
)


def _folder() -> Path:
    value = os.environ.get(VARIABLE)
    if not value:
        raise pytest.UsageError(
            f"{VARIABLE} must name the folder of the reference files but is not set: "
            f"{VARIABLE}=/path/to/them tox -e reference (tests/reference/conftest.py says which)."
        )
    folder = Path(value).absolute()
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        raise pytest.UsageError(
            f"{VARIABLE} must name a folder with {', '.join(missing)} but {folder} has none."
        )
    return folder


def pytest_configure() -> None:
    """End before anything is collected, rather than pass over every test."""
    _folder()


@pytest.fixture(scope="session")
def official() -> Path:
    """A set of official checkpoints, with predictions of the original code."""
    return _folder() / "official_quartic"


@pytest.fixture(scope="session")
def zeus() -> Path:
    """Traces of trainings that were measured on a V100."""
    return _folder() / "zeus"
