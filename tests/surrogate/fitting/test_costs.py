from dataclasses import replace

import numpy as np
import pytest

from surrogate.fitting.costs import LEAST_ROWS, fit_costs, rank_correlation, targets
from surrogate.models.benchmark import COSTS
from surrogate.space.definitions import TASKS
from surrogate.space.features import COST_NAMES, NAMES, encode
from surrogate.space.regnet import complexity
from surrogate.space.validation import checked_columns
from surrogate.step_records import parse_step_record
from tests.surrogate import made_up_steps


def rows(n=60, **other):
    found = made_up_steps.rows("cifar10", n, **other)
    return [parse_step_record(row, "a row") for row in found]


def on(machine):
    return rows(20, machine=machine)


@pytest.fixture(scope="module")
def fitted():
    return fit_costs(rows(120), "cifar10")


def test_an_epoch_is_as_many_steps_as_the_images_make():
    (row,) = rows(1)
    costs = dict(zip(COSTS, np.exp(targets(row, loader_wait_s=0.0)), strict=True))
    assert costs["runtime_s"] == pytest.approx(40_000 / 1024 * row.training.seconds)
    assert costs["energy_kwh"] == pytest.approx(40_000 / 1024 * row.training.joules / 3.6e6)
    passes = 10_000 / 1024
    assert costs["inference_energy_kwh"] == pytest.approx(passes * row.evaluation.joules / 3.6e6)
    assert costs["energy_kwh_first"] == costs["runtime_s_first"] == 1.0


def test_waiting_for_data_costs_static_power():
    (row,) = rows(1)
    plain, waiting = (np.exp(targets(row, loader_wait_s=wait)) for wait in (0.0, 0.5))
    more = dict(zip(COSTS, waiting - plain, strict=True))
    steps = 40_000 / 1024
    assert more["runtime_s"] == pytest.approx(0.5 * steps)
    assert more["energy_kwh"] == pytest.approx(0.5 * steps * made_up_steps.STATIC_WATTS / 3.6e6)
    assert more["inference_energy_kwh"] == 0.0


def test_a_hundred_configurations_tell_the_others(fitted):
    held = fitted.about["held_out"]
    for name in ("energy", "time", "power", "inference_energy"):
        assert held[f"{name}_r2"] > 0.97, name
        assert held[f"{name}_rank_correlation"] > 0.9, name  # the power limit makes ties
    assert held["n_configs"] == 120


def test_what_is_said_of_them(fitted):
    about = fitted.about
    words = "predicted from 120 configurations measured on Made-up GPU"
    assert about["summary"] == f"accuracy simulated; energy and time {words}"
    assert about["energy"] == about["inference_energy"] == words
    assert about["static_watts"] == [40.0] * 3
    assert (about["precision"], about["batch"], about["image_size_px"]) == ("fp32", 1024, 32)
    assert 0.5 < about["energy_time_rank_correlation"] < 1.0
    assert about["machine"][0]["driver"] == "580.1"


def test_the_spread_is_that_of_a_step_measured_twice():
    assert fit_costs(rows(200, noise=0.01), "cifar10").spread == pytest.approx(0.01, rel=0.2)


def test_an_estimate_is_called_one():
    meter = {"kind": "estimated", "name": "cpu-time", "static_watts": 0.0}
    about = fit_costs(rows(30, meter=meter), "cifar10").about
    assert "30 configurations estimated on" in about["summary"]


def test_rows_that_did_not_fit_into_memory_are_left_out():
    found = rows(30)
    (too_large,) = [
        parse_step_record({**line, "status": "out of memory", "training": None}, "a row")
        for line in made_up_steps.rows("cifar10", 1)
    ]
    about = fit_costs([*found, too_large], "cifar10").about
    assert (about["n_configs"], about["n_left_out"]) == (30, 1)


def test_a_copy_of_a_row_is_no_second_measurement():
    once, twice = (fit_costs(found, "cifar10") for found in (rows(40), rows(40) + rows(40)[:30]))
    assert once.about == twice.about
    np.testing.assert_array_equal(once.model.linear, twice.model.linear)


def test_all_rows_of_a_configuration_are_held_out_together():
    again = [replace(row, started="2026-02-01T00:00:00+00:00") for row in rows(40)]
    once, twice = (fit_costs(found, "cifar10").about for found in (rows(40), rows(40) + again))
    assert twice["n_configs"] == 40
    assert twice["held_out"]["n_configs"] == once["held_out"]["n_configs"] == 40


def test_networks_beyond_all_that_fitted_into_memory_cost_more_than_those():
    found = sorted(rows(200), key=lambda row: complexity_of(row).activations)
    learnt, beyond = found[:150], found[150:]
    fitted = fit_costs(learnt, "cifar10")
    X, _ = encode(checked_columns([row.config for row in beyond], "cifar10"), TASKS["cifar10"])
    X = np.where(np.isin(NAMES, COST_NAMES), X, 0.0)
    truth = np.array([targets(row, loader_wait_s=0.0)[:2] for row in beyond])
    missed = fitted.model.predict(X)[:, :2] - truth
    assert np.abs(missed.mean(axis=0)).max() < 0.02  # without the linear model 0.06
    assert np.abs(missed).max() < 0.1  # without it 0.18
    assert fitted.about["share_outside"] > 0.2


def complexity_of(row):
    return complexity(row.config, TASKS["cifar10"].trunk)


def test_the_range_of_what_was_measured_is_told():
    found = rows(60)
    about = fit_costs(found, "cifar10").about
    for name, (least, most) in about["measured_range"].items():
        values = [getattr(complexity_of(row), name) for row in found]
        assert (least, most) == (min(values), max(values))
    assert 0.0 < about["share_outside"] < 0.3


def test_a_wait_that_is_given_takes_the_place_of_those_of_the_rows():
    found = [*rows(20), *rows(5, loader_wait_s=0.1)]
    assert fit_costs(found, "cifar10", loader_wait_s=0.2).about["loader_wait_s"] == 0.2


@pytest.mark.parametrize(
    ("task", "found", "message"),
    [
        ("fashion-nano", [], "to be simulated"),
        ("cifar10", [], f"at least {LEAST_ROWS} measured"),
        ("tinyimagenet", rows(25), "rows must all have task tinyimagenet but some have cifar10"),
        ("cifar10", [*rows(20), *rows(1, precision="bf16")], "precision fp32 but some have bf16"),
        ("cifar10", [*rows(20), *rows(1, board="B")], "board Made-up GPU but some have B"),
        ("cifar10", rows(1) * 30, "at least 20 measured configurations but got 1:"),
        ("cifar10", [*rows(20), *rows(5, loader_wait_s=0.1)], "loader_wait_s 0.0 but some"),
        ("cifar10", [*rows(20), *on({"gpu": "Made-up GPU", "power_limit_watts": 200.0})], "200.0"),
        (
            "cifar10",
            [*on({"cpu": "A", "n_threads": 1}), *on({"cpu": "A", "n_threads": 2})],
            "1 but",
        ),
    ],
)
def test_what_cannot_be_learnt_from(task, found, message):
    with pytest.raises(ValueError, match=message):
        fit_costs(found, task)


@pytest.mark.parametrize("wait", [-1.0, float("nan"), float("inf")])
def test_a_wait_out_of_range(wait):
    with pytest.raises(ValueError, match="loader_wait_s must be finite and not negative"):
        fit_costs(rows(25), "cifar10", loader_wait_s=wait)


def test_ranks():
    a = np.array([1.0, 2.0, 3.0, 4.0])
    assert rank_correlation(a, a**3) == pytest.approx(1.0)
    assert rank_correlation(a, -a) == pytest.approx(-1.0)
    assert rank_correlation(a, np.ones(4)) == 0.0
