from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surrogate.models.two_encoder_network import LAYERS, TwoEncoderNetwork

N_ARCH, N_TRAIN = 5, 21


def random_arrays(
    rng: np.random.Generator, *, hidden: int, degree: int, dtype: Any = np.float64
) -> dict[str, np.ndarray]:
    sizes = {
        "architecture": (hidden, N_ARCH),
        "training": (hidden, N_TRAIN),
        "hidden0": (hidden, 2 * hidden),
        "hidden1": (hidden, hidden),
        "hidden2": (hidden, hidden),
        "endpoints": (2, hidden),
        "inner": (2 * degree - 2, hidden),
    }
    arrays = {}
    for name, (n_out, n_in) in sizes.items():
        arrays[f"{name}.weight"] = rng.normal(0, n_in**-0.5, (n_out, n_in)).astype(dtype)
        arrays[f"{name}.bias"] = rng.normal(0, 0.1, n_out).astype(dtype)
    return arrays


def by_hand(arrays: dict[str, np.ndarray], x: np.ndarray) -> list[float]:
    """One configuration, neuron by neuron."""

    def linear(name: str, values: list[float]) -> list[float]:
        weight, bias = arrays[f"{name}.weight"], arrays[f"{name}.bias"]
        return [
            float(sum(w * v for w, v in zip(row, values, strict=True)) + b)
            for row, b in zip(weight, bias, strict=True)
        ]

    def relu(values: list[float]) -> list[float]:
        return [max(v, 0.0) for v in values]

    h = relu(linear("architecture", list(x[:N_ARCH]))) + relu(linear("training", list(x[N_ARCH:])))
    for name in ("hidden0", "hidden1", "hidden2"):
        h = relu(linear(name, h))
    ends = [100.0 / (1.0 + np.exp(-v)) for v in linear("endpoints", h)]
    return ends + linear("inner", h)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(hidden=st.integers(1, 9), degree=st.integers(2, 7), seed=st.integers(0, 10_000))
def test_agrees_with_neuron_by_neuron_arithmetic(hidden: int, degree: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    members = [random_arrays(rng, hidden=hidden, degree=degree) for _ in range(2)]
    stacked = {name: np.stack([m[name] for m in members]) for name in members[0]}
    network = TwoEncoderNetwork.from_arrays(stacked)
    X = rng.random((3, N_ARCH + N_TRAIN))

    points = network.predict(X)

    assert points.shape == (2, 3, 2 * degree)
    assert (network.n_members, network.hidden_width, network.out_dim, network.n_features) == (
        2,
        hidden,
        2 * degree,
        N_ARCH + N_TRAIN,
    )
    for member, arrays in enumerate(members):
        for row, x in enumerate(X):
            assert points[member, row] == pytest.approx(by_hand(arrays, x), rel=1e-10, abs=1e-10)


def test_arrays_survive_a_round_trip_and_prefixes() -> None:
    rng = np.random.default_rng(0)
    arrays = random_arrays(rng, hidden=4, degree=3, dtype=np.float32)
    network = TwoEncoderNetwork.from_arrays(arrays, endpoint_scale=1.0)
    saved = network.to_arrays(prefix="curve.")
    assert sorted(saved) == sorted(f"curve.{n}.{p}" for n in LAYERS for p in ("weight", "bias"))
    again = TwoEncoderNetwork.from_arrays(saved, prefix="curve.", endpoint_scale=1.0)
    X = rng.random((5, network.n_features))
    np.testing.assert_array_equal(again.predict(X), network.predict(X))
    assert (network.predict(X)[..., :2] <= 1.0).all()


def test_huge_weights_saturate_without_overflow() -> None:
    arrays = random_arrays(np.random.default_rng(1), hidden=4, degree=3)
    arrays["endpoints.weight"] = np.stack([np.full(4, 1e6), np.full(4, -1e6)])
    points = TwoEncoderNetwork.from_arrays(arrays).predict(np.ones((1, N_ARCH + N_TRAIN)))
    assert points[0, 0, :2].tolist() == [100.0, 0.0]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("hidden0.weight", np.zeros((4, 7)), "hidden0 must map 8 to 4"),
        ("hidden1.bias", np.zeros(5), "hidden1: weight must have shape"),
        ("training.weight", np.zeros(4), "training: weight must have shape"),
        ("architecture.weight", np.full((4, 5), np.nan), "architecture.weight must hold finite"),
        ("inner.weight", np.zeros((4, 4), dtype=np.int64), "inner.weight must hold finite"),
        ("endpoints.weight", None, "'endpoints.weight', which is missing"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    name: str, value: np.ndarray | None, message: str
) -> None:
    arrays = random_arrays(np.random.default_rng(0), hidden=4, degree=3)
    if value is None:
        del arrays[name]
    else:
        arrays[name] = value
    with pytest.raises(ValueError, match=message):
        TwoEncoderNetwork.from_arrays(arrays)
