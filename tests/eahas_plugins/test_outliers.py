from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eahas_plugins.outliers import worst_shown

finite = st.integers(-1000, 1000).map(float)


@pytest.mark.parametrize(
    "losses",
    [
        np.linspace(0.0, 1.0, 50),  # random search
        np.random.default_rng(0).normal(size=200),
        [0.1, 0.2, 0.9],  # too few to tell
        [0.5] * 10,
    ],
)
def test_all_are_shown_where_none_stands_out(losses: list[float]) -> None:
    assert worst_shown(losses) == max(losses)


@pytest.mark.parametrize("n_failed", [1, 10, 60])
def test_penalties_of_failed_trials_are_beyond_even_where_most_fail(n_failed: int) -> None:
    good = np.linspace(0.1, 0.2, 40)
    assert worst_shown([*good, *[1e6] * n_failed]) < 2.0


def test_the_early_values_of_a_falling_loss_are_beyond() -> None:
    losses = [900.0, 40.0, *np.linspace(1.2, 1.0, 30)]
    assert 1.2 <= worst_shown(losses) < 5.0


def test_half_of_the_trials_are_shown_where_they_are_not_far_off() -> None:
    losses = [*np.linspace(0.0, 0.01, 26), *np.linspace(0.05, 0.06, 74)]
    assert worst_shown(losses) >= 0.06


def test_what_must_be_shown_is_shown() -> None:
    losses = [*np.linspace(0.1, 0.2, 40), 7.0, 1e6]
    assert worst_shown(losses, always=[7.0]) == 7.0
    assert worst_shown([], always=[7.0]) == 7.0
    assert worst_shown([]) == 0.0


@given(st.lists(finite, min_size=1, max_size=60), st.sampled_from([0.25, 2.0, 8.0]), finite)
def test_scale_and_place_do_not_matter(losses: list[float], scale: float, place: float) -> None:
    limit = worst_shown(losses)
    assert min(losses) <= limit <= max(losses)
    moved = worst_shown([scale * loss + place for loss in losses])
    assert moved == pytest.approx(scale * limit + place, rel=1e-6, abs=1e-5 * (1 + abs(place)))
