"""The master's side of the account."""

from __future__ import annotations

from pathlib import Path

import pytest

from eahas_plugins.hpbandster.grants import JobAccount, grant_file, journal_folder


def test_of_two_masters_with_one_name_the_later_goes_on(tmp_path: Path) -> None:
    """Their jobs have the same numbers: a worker would find the limit of the other's."""
    folder = journal_folder(tmp_path, "a")
    first = JobAccount(folder, cap_kwh=1.0, shortfall="truncate", lease_s=60.0)
    first.grant_job((0, 0, 0), 1.0, needed_kwh=0.25, paid_kwh=0.0)
    second = JobAccount(folder, cap_kwh=2.0, shortfall="truncate", lease_s=60.0)
    second.grant_job((0, 0, 1), 1.0, needed_kwh=0.25, paid_kwh=0.0)
    with pytest.raises(RuntimeError, match="one process at a time must go on with the run"):
        first.grant_job((0, 0, 2), 1.0, needed_kwh=0.25, paid_kwh=0.0)
    assert not grant_file(folder, (0, 0, 2), 1.0).exists()
    other = JobAccount(
        journal_folder(tmp_path, "b"), cap_kwh=1.0, shortfall="truncate", lease_s=60.0
    )
    other.grant_job((0, 0, 0), 1.0, needed_kwh=0.25, paid_kwh=0.0)
