"""The master's side of the account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.hpbandster import EnergyBOHB
from eahas_plugins.hpbandster.grants import JobAccount, grant_file, journal_folder
from tests.eahas_plugins.hpbandster.conftest import Cluster
from tests.eahas_plugins.smac.bench import PowerLawBench

RUNGS = {"min_kwh": 2e-3, "max_kwh": 18e-3}


def test_of_two_masters_with_one_name_the_later_goes_on(tmp_path: Path) -> None:
    """Their jobs have the same numbers: a worker would find the limit of the other's."""
    folder = journal_folder(tmp_path, "a")
    first = JobAccount(folder, cap_kwh=1.0, shortfall="truncate", lease_s=60.0)
    first.take_over()
    first.grant_job((0, 0, 0), 1.0, needed_kwh=0.25, paid_kwh=0.0)
    second = JobAccount(folder, cap_kwh=2.0, shortfall="truncate", lease_s=60.0)
    first.grant_job((0, 0, 3), 1.0, needed_kwh=0.25, paid_kwh=0.0)  # it may be refused yet
    second.take_over()
    second.grant_job((0, 0, 1), 1.0, needed_kwh=0.25, paid_kwh=0.0)
    with pytest.raises(RuntimeError, match="one process at a time must go on with the run"):
        first.grant_job((0, 0, 2), 1.0, needed_kwh=0.25, paid_kwh=0.0)
    assert not grant_file(folder, (0, 0, 2), 1.0).exists()
    other = JobAccount(
        journal_folder(tmp_path, "b"), cap_kwh=1.0, shortfall="truncate", lease_s=60.0
    )
    other.take_over()
    other.grant_job((0, 0, 0), 1.0, needed_kwh=0.25, paid_kwh=0.0)


@pytest.mark.filterwarnings("default")  # HpBandSter's and Pyro4's own
@pytest.mark.parametrize("bad", [{"seed": -1}, {"num_samples": 0}, {"earlier": ["no such"]}])
def test_a_master_that_is_refused_does_not_end_the_run_that_is_there(
    cluster: Cluster, bad: dict[str, Any]
) -> None:
    space = PowerLawBench().space
    with cluster.master(EnergyBOHB, space, budget_kwh=0.05, **RUNGS) as master:
        kept = master.account.folder / "checkpoints" / "kept"
        kept.parent.mkdir(exist_ok=True)
        kept.touch()
        with (
            pytest.raises((ValueError, OSError)),
            cluster.master(EnergyBOHB, space, budget_kwh=0.05, **RUNGS, **bad),
        ):
            pass
        master.account.grant_job((0, 0, 0), 1.0, needed_kwh=1e-3, paid_kwh=0.0)
        assert kept.exists()
