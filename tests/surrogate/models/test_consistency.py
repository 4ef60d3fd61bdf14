from dataclasses import replace

import numpy as np
import pytest

import surrogate
from surrogate.models.consistency import check_model


@pytest.fixture(scope="module")
def good():
    return surrogate.load("cifar10")


CHANGES = {
    "an unknown curve": (lambda b: {"curves": ("loss", *b.curves[1:])}, "names must be some of"),
    "a curve twice": (lambda b: {"curves": (b.curves[0],) * len(b.curves)}, "names must be"),
    "names that are none": (lambda b: {"costs": (["energy_kwh"],)}, "names must be|unhashable"),
    "a first epoch alone": (
        lambda b: {"costs": tuple("energy_kwh_first" if c == "energy_kwh" else c for c in b.costs)},
        "names must be|there both",
    ),
    "another degree": (lambda _: {"degree": 7}, "degree must be one of"),
    "a degree that does not fit": (lambda b: {"degree": 9 - b.degree}, "must be .* but is"),
    "a linear model of fewer features": (lambda b: {"linear": b.linear[1:]}, "linear's shape"),
    "a floor of fewer curves": (lambda b: {"floor": b.floor[1:]}, "floor's shape"),
    "a floor of one": (lambda b: {"floor": np.ones_like(b.floor)}, "floor must be accuracies"),
    "an x that falls": (
        lambda b: {"x": np.linspace(1.0, 0.0, b.degree + 1)},
        "x must rise|must be",
    ),
    "no member": (lambda b: {"noise": replace(b.noise, n_members=0)}, "noise must have a member"),
    "a spread of NaN": (lambda b: {"noise": replace(b.noise, offset=np.nan)}, "noise must have"),
    "a huge spread": (lambda b: {"noise": replace(b.noise, cost_jitter=1e300)}, "noise must have"),
    "jitter of fewer curves": (
        lambda b: {"noise": replace(b.noise, curve_jitter=b.noise.curve_jitter[1:])},
        "jitter's shape",
    ),
}


def test_a_shipped_model_fits_together(good):
    check_model(good)


@pytest.mark.parametrize("name", CHANGES)
def test_what_does_not_fit_is_named(name, good):
    change, message = CHANGES[name]
    with pytest.raises((ValueError, TypeError), match=message):
        check_model(replace(good, **change(good)))


def test_a_model_without_finite_output_is_refused_when_queried(good):
    config = good.space.get_default_configuration()
    for factor in (1e6, 1e305):
        broken = replace(good, linear=good.linear * factor)
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="no finite output"):
            broken.query(config)
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="no finite output"):
            broken.query_many([config, config])
