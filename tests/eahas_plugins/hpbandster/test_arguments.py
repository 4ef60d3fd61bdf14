"""Arguments that are numbers are numbers: of everything that HpBandSter's adapter makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace

from eahas_plugins.hpbandster import (
    BOHB,
    EnergyBOHB,
    EnergyResultLogger,
    EnergyWorker,
    HyperBand,
    RandomSearch,
    SurrogateWorker,
    TargetWorker,
)
from eahas_plugins.targets import EnergyTarget
from tests.eahas_plugins.bad_numbers import Arguments, check_refuses, table
from tests.eahas_plugins.smac.bench import PowerLawBench

SPACE = ConfigurationSpace({"x": (0.0, 1.0)})
MASTER = {
    "eta": "positive",
    "min_budget": "positive",
    "max_budget": "positive",
    "seed": "from 0?",
    "ping_interval": "positive",
}
KERNELS = {
    "min_points_in_model": "count?",
    "num_samples": "count",
    "random_fraction": "share",
    "bandwidth_factor": "positive",
    "min_bandwidth": "positive",
}


def train(config: Any, training: Any) -> None:
    training.report(0.5)


def made(kind: Any) -> Any:
    """Only what is refused is made: a master that is made is bound to a name server."""
    return lambda **how: kind(SPACE, run_id="run", **how) if how else None


def energy_bohb(**how: Any) -> EnergyBOHB | None:
    given: dict[str, Any] = {"budget_kwh": 1.0}
    if "min_kwh" in how or "max_kwh" in how:
        given |= {"min_kwh": 1.0, "max_kwh": 9.0}
    else:
        given |= {"min_budget": 1.0, "max_budget": 9.0}
    return EnergyBOHB(SPACE, run_id="run", **{**given, **how}) if how else None


MADE = {
    "BOHB": Arguments(made(BOHB), {**MASTER, **KERNELS}),
    "HyperBand": Arguments(made(HyperBand), MASTER),
    "RandomSearch": Arguments(made(RandomSearch), MASTER),
    "EnergyBOHB": Arguments(
        energy_bohb,
        {
            "budget_kwh": "positive",
            "min_kwh": "positive?",
            "max_kwh": "positive?",
            "price_kwh": "positive?",
            "cooling": "not negative",
            "reward_exponent": "exponent",
            "short_until": "share",
            "lease_s": "positive",
            **MASTER,
            **KERNELS,
            "min_budget": "positive?",
            "max_budget": "positive?",
        },
    ),
    "EnergyWorker": Arguments(
        EnergyWorker,
        {"seed": "from 0", "report_every": "count", "heartbeat_s": "positive?"},
        {"train": train, "run_id": "run"},
    ),
    "SurrogateWorker": Arguments(
        SurrogateWorker, {"seed": "from 0"}, {"bench": PowerLawBench(), "run_id": "run"}
    ),
    "TargetWorker": Arguments(
        TargetWorker, {"seed": "from 0"}, {"target": EnergyTarget(train), "run_id": "run"}
    ),
}


@table(MADE)
def test_what_is_no_number_is_refused_by_name(
    arguments: Arguments, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_refuses(arguments, name)


@pytest.mark.parametrize("make", [made(BOHB), energy_bohb])
def test_a_working_directory_has_a_name(make: Any) -> None:
    with pytest.raises(ValueError, match="working_directory must name a file or folder but got"):
        make(working_directory="")


def test_a_folder_of_results_has_a_name() -> None:
    with pytest.raises(ValueError, match="directory must name a file or folder but got ''"):
        EnergyResultLogger("")


@pytest.mark.parametrize("percent", [-1, 101, 12.5, 15.0, float("nan"), "15"])
def test_a_percentage_is_one(percent: Any) -> None:
    with pytest.raises(ValueError, match="top_n_percent must be"):
        made(BOHB)(top_n_percent=percent)


@pytest.mark.parametrize("kind", [BOHB, EnergyBOHB, HyperBand, RandomSearch])
def test_a_space_is_one(kind: Any) -> None:
    more = {"budget_kwh": 1.0, "min_budget": 1, "max_budget": 9} if kind is EnergyBOHB else {}
    with pytest.raises(ValueError, match=r"configspace must be a ConfigurationSpace but got \{'x'"):
        kind({"x": (0.0, 1.0)}, run_id="run", **more)
