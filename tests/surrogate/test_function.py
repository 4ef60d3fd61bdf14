from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import surrogate
from surrogate.function import METRICS, as_function
from surrogate.records import Run


def test_every_metric_is_the_last_value_of_its_curve() -> None:
    bench = surrogate.load("fashion-nano")
    config = bench.space.get_default_configuration()
    run = bench.query(config)
    values = as_function(bench, metrics=list(METRICS))(config)
    assert values == (
        run.val_accuracy[-1],
        run.train_accuracy[-1],
        run.val_accuracy[-1],
        run.test_accuracy[-1],
        run.energy_kwh[-1],
        run.runtime_s[-1],
        run.inference_energy_kwh,
    )
    assert as_function(bench, seed=1)(config) == (bench.query(config, seed=1).val_accuracy[-1],)
    assert as_function(bench)(config) == (run.val_accuracy[-1],)


class OnlyTest:
    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        known = {"test_accuracy": np.array([0.5])}
        names = ("train_accuracy", "val_accuracy", "energy_kwh", "runtime_s")
        return Run(
            **known,
            **dict.fromkeys((*names, "inference_energy_kwh", "complexity")),  # type: ignore[arg-type]
        )


def test_an_unknown_value_is_an_error_and_never_zero() -> None:
    with pytest.raises(ValueError, match="does not know energy_kwh: use some of accuracy, test"):
        as_function(OnlyTest(), metrics=["energy_kwh"])({})
    assert as_function(OnlyTest(), metrics=["test_accuracy"])({}) == (0.5,)


def test_accuracy_is_that_of_the_test_set_where_no_other_is_known() -> None:
    assert as_function(OnlyTest())({}) == (0.5,)
    with pytest.raises(ValueError, match="does not know val_accuracy: use some of accuracy"):
        as_function(OnlyTest(), metrics=["val_accuracy"])({})


@pytest.mark.parametrize("metrics", ["val_accuracy", [], ["val_accuracy", "speed"]])
def test_metrics_must_be_known_names(metrics: Any) -> None:
    with pytest.raises(
        ValueError, match="metrics must be a list of some of accuracy, train_accuracy"
    ):
        as_function(OnlyTest(), metrics=metrics)
