import dataclasses

import numpy as np
import pytest

from surrogate.models.curve_network import CurveNetworks
from surrogate.models.two_encoder_network import TwoEncoderNetwork
from tests.surrogate.models.test_two_encoder_network import N_ARCH, N_TRAIN, random_arrays

N_MEMBERS, N_OUTPUTS = 3, 8


@pytest.fixture
def networks():
    rng = np.random.default_rng(0)
    members = [random_arrays(rng, hidden=5, degree=4) for _ in range(N_MEMBERS)]
    stacked = {name: np.stack([m[name] for m in members]) for name in members[0]}
    return CurveNetworks(
        network=TwoEncoderNetwork.from_arrays(stacked, endpoint_scale=1.0),
        order=rng.permutation(N_OUTPUTS),
        scale=rng.random(N_OUTPUTS) + 0.5,
    )


@pytest.fixture
def rows():
    return np.random.default_rng(1).random((150, N_ARCH + N_TRAIN))


def test_is_the_mean_of_the_members_in_the_given_order(networks, rows):
    found = networks.predict(rows)
    mean = networks.network.predict(rows).mean(axis=0)
    for place, (source, scale) in enumerate(zip(networks.order, networks.scale, strict=True)):
        np.testing.assert_allclose(found[:, place], scale * mean[:, source], rtol=1e-12)


def test_a_row_alone_is_that_of_a_batch(networks, rows):
    alone = [networks.predict(row[None])[0] for row in rows]
    np.testing.assert_allclose(alone, networks.predict(rows), rtol=1e-12, atol=1e-12)


def test_arrays_survive_a_round_trip_in_single_precision(networks, rows):
    once = CurveNetworks.from_arrays(networks.to_arrays())
    np.testing.assert_allclose(once.predict(rows), networks.predict(rows), rtol=1e-5, atol=1e-5)
    again = CurveNetworks.from_arrays(once.to_arrays())
    np.testing.assert_array_equal(again.predict(rows), once.predict(rows))


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": np.arange(N_OUTPUTS - 1)},
        {"order": np.zeros(N_OUTPUTS, dtype=int)},
        {"scale": np.ones(N_OUTPUTS + 1)},
    ],
)
def test_a_place_and_a_scale_are_needed_for_each_output(networks, wrong):
    with pytest.raises(ValueError, match="networks with 8 outputs must have"):
        dataclasses.replace(networks, **wrong)
