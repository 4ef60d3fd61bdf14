import dataclasses

import numpy as np
import pytest
from matplotlib.image import imread

from benchmarks.harness.results import Results
from benchmarks.reporting.ranks import draw_ranks, rank
from tests.benchmarks.made_up_rows import HEADER, make_rows


def ranked(accuracy_by_method, task="synthetic"):
    rows = [
        dataclasses.replace(row, method=name, incumbent_test_metric=values[row.seed])
        for name, values in accuracy_by_method.items()
        for seed in range(len(values))
        for row in make_rows(seed=seed)
    ]
    return Results(header=dataclasses.replace(HEADER, task=task), rows=tuple(rows))


def test_ranks_are_means_over_tasks_and_shared_seeds():
    first = ranked({"a": [0.9, 0.9, 0.9], "b": [0.8, 0.8], "c": [0.8, 0.7]})
    second = ranked({"a": [0.5, 0.9], "b": [0.8, 0.8], "c": [0.7, 0.7], "d": [1.0, 1.0]}, "t2")
    ranks = rank([first, second])
    assert ranks.names == ("a", "b", "c")  # d is not on both tasks, the third seed not everywhere
    assert ranks.n_blocks == 4
    np.testing.assert_allclose(
        ranks.mean, [(1 + 1 + 3 + 1) / 4, (2.5 + 2 + 1 + 2) / 4, (2.5 + 3 + 2 + 3) / 4]
    )
    # Demsar (2006), table 5: q of three methods at 5 % is 2.343
    assert ranks.critical_difference == pytest.approx(2.343 * (3 * 4 / (6 * 4)) ** 0.5, rel=1e-3)
    assert ranks.mean[-1] - ranks.mean[0] < ranks.critical_difference


def test_methods_that_differ_everywhere_are_told_apart():
    n = 40
    ranks = rank([ranked({"a": [0.9] * n, "b": [0.8] * n, "c": [0.8 - 1e-9] * n})])
    assert all(np.diff(ranks.mean) > ranks.critical_difference)
    assert ranks.p_value < 1e-6


def test_one_method_or_one_study_has_no_rank():
    assert rank([ranked({"a": [0.9, 0.8]})]) is None
    assert rank([ranked({"a": [0.9], "b": [0.8]})]) is None


def test_equal_methods_share_their_rank():
    ranks = rank([ranked({"a": [0.9] * 3, "b": [0.9] * 3, "c": [0.9] * 3})])
    assert ranks.mean.tolist() == [2.0, 2.0, 2.0]
    assert ranks.p_value is None


def test_the_figure_is_as_narrow_as_a_phone_and_has_a_row_for_every_method(tmp_path):
    few = ranked({name: [0.9, 0.8] for name in "ab"})
    many = ranked({name: [0.9, 0.8] for name in "abcdefghijklmnopqrst"})
    for name, results in (("few", few), ("many", many)):
        draw_ranks(rank([results]), [results], tmp_path / name)
    shapes = {name: imread(tmp_path / f"{name}.png").shape for name in ("few", "many")}
    assert shapes["few"][1] == shapes["many"][1] <= 5.0 * 200
    assert shapes["many"][0] > shapes["few"][0] + 18 * 0.2 * 200
