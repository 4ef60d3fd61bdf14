from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    Integer,
    OrdinalHyperparameter,
)
from hpbandster.core.result import json_result_logger, logged_results_to_HBS_result
from hpbandster.core.worker import Worker

from eahas_plugins.hpbandster import BOHB, HyperBand, RandomSearch
from eahas_plugins.spaces.values import plain
from tests.eahas_plugins.hpbandster.conftest import Cluster, trials, within_time

# HpBandSter, Pyro4 and statsmodels warn of their own; an error in their threads fails a run.
pytestmark = pytest.mark.filterwarnings("default")


def _space() -> ConfigurationSpace:
    space = ConfigurationSpace()
    optimizer = Categorical("optimizer", ["sgd", "adam"])
    momentum = Float("momentum", (0.0, 0.99))
    nesterov = Categorical("nesterov", [True, False])
    width = OrdinalHyperparameter("width", [8, 16, 24, 48])
    space.add(
        [
            Float("lr", (1e-4, 1.0), log=True),
            Integer("depth", (2, 9)),
            Integer("batch", (8, 512), log=True),
            Constant("classes", 10),
            optimizer,
            momentum,
            nesterov,
            width,
        ]
    )
    space.add(EqualsCondition(momentum, optimizer, "sgd"))
    space.add(
        ForbiddenAndConjunction(
            ForbiddenEqualsClause(width, 48), ForbiddenEqualsClause(nesterov, True)
        )
    )
    return space


class _Strict(Worker):
    """Refuses whatever a user's own worker could not use as it is."""

    def compute(
        self, config_id: Any, config: dict[str, Any], budget: float, working_directory: str
    ) -> dict[str, Any]:
        assert {type(value) for value in config.values()} <= {int, float, str, bool}
        assert config["width"] in (8, 16, 24, 48)
        assert ("momentum" in config) == (config["optimizer"] == "sgd")
        assert not (config["width"] == 48 and config["nesterov"])
        assert type(budget) is float
        return plain(
            {"loss": np.float64(config["lr"] / budget), "info": {"epochs": np.int64(budget)}}
        )


@pytest.mark.parametrize(("kind", "n_brackets"), [(HyperBand, 6), (RandomSearch, 12), (BOHB, 6)])
def test_runs_on_every_kind_of_hyperparameter(cluster: Cluster, kind: Any, n_brackets: int) -> None:
    logger = json_result_logger(str(cluster.folder / "log"))
    cluster.worker(_Strict)
    with cluster.master(
        kind, _space(), min_budget=1, max_budget=9, seed=1, result_logger=logger
    ) as master:
        result = within_time(lambda: master.run(n_iterations=n_brackets))
    runs = result.get_all_runs()
    assert len(runs) >= 30
    assert [run.error_logs for run in runs if run.loss is None] == []
    assert result.get_incumbent_id() is not None
    logged = logged_results_to_HBS_result(str(cluster.folder / "log"))
    assert len(logged.get_all_runs()) == len(runs)
    json.dumps({key: value for key, value in result.HB_config.items() if key != "time_ref"})


def test_rounding_loses_no_rung(cluster: Cluster) -> None:
    with cluster.master(HyperBand, _space(), min_budget=1, max_budget=243) as master:
        assert master.budgets == pytest.approx([1, 3, 9, 27, 81, 243])
        assert master.max_SH_iter == 6


@pytest.mark.parametrize("kind", [RandomSearch, BOHB])
def test_same_seed_same_trials_and_the_global_state_is_left_alone(
    cluster: Cluster, kind: Any
) -> None:
    def run(seed: int, noise: int) -> list[tuple[Any, ...]]:
        cluster.worker(_Strict)
        np.random.seed(noise)  # noqa: NPY002
        with cluster.master(kind, _space(), min_budget=1, max_budget=3, seed=seed) as master:
            result = within_time(lambda: master.run(n_iterations=10))
        assert np.random.rand() == np.random.RandomState(noise).rand()  # noqa: NPY002
        return trials(result)

    assert run(5, noise=1) == run(5, noise=2)
    assert run(5, noise=1) != run(6, noise=1)


def test_an_earlier_result_is_learnt_from(cluster: Cluster) -> None:
    cluster.worker(_Strict)
    with cluster.master(BOHB, _space(), min_budget=1, max_budget=3, seed=1) as master:
        first = within_time(lambda: master.run(n_iterations=8))
    cluster.worker(_Strict)
    with cluster.master(
        BOHB, _space(), min_budget=1, max_budget=3, seed=2, previous_result=first
    ) as master:
        assert master.config_generator.configs.keys() == {1.0, 3.0}
        second = within_time(lambda: master.run(n_iterations=1))
    assert len(second.get_all_runs()) == len(first.get_all_runs()) + 4


def test_an_error_in_another_thread_ends_the_run(cluster: Cluster) -> None:
    class FullDisc:
        def new_config(self, *args: Any) -> None:
            pass

        def __call__(self, job: Any) -> None:
            raise OSError("no space left on device")

    cluster.worker(_Strict)
    with (
        cluster.master(
            HyperBand, _space(), min_budget=1, max_budget=3, result_logger=FullDisc()
        ) as master,
        pytest.raises(OSError, match="no space left"),
    ):
        within_time(lambda: master.run(n_iterations=3))
