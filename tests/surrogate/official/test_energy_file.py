"""Energy files that say something else than one model's trees."""

from typing import Any

import numpy as np
import pytest

from tests.surrogate.official.builders import (
    energy_file,
    model_text,
    random_tree,
)
from tests.surrogate.official.hostile import (
    TEXT,
    read_energy,
    refused,
)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "text"}, "must have its text"),
        ({"text": b"tree"}, "must have its text"),
        ({"order": np.array([0, 1], dtype=np.int64)}, "one model"),
        ({"order": np.array([1], dtype=np.int64)}, "one model"),
        ({"array_changes": {"shape": (1 << 61,)}}, "malformed"),
        ({"array_changes": {"shape": (1 << 14, 1 << 14)}}, "malformed"),
        ({"array_changes": {"shape": (300, 300)}}, "ends at byte"),
        ({"array_changes": {"shape": (-1,)}}, "malformed"),
        ({"array_changes": {"order": "K"}}, "malformed"),
        ({"array_changes": {"dtype": None}}, "malformed"),
        ({"array_changes": {"subclass": "numpy.memmap"}}, "malformed"),
        ({"order": np.array([0], dtype="c16")}, "one of i4"),
        ({"best_iteration": "all"}, "best iteration"),
    ],
)
def test_a_malformed_energy_file_is_refused(options: dict[str, Any], message: str) -> None:
    options = {"text": TEXT, **options}
    refused(read_energy, energy_file(options.pop("text"), **options), message)


def changed_tree(**changes: Any) -> str:
    return model_text([{**random_tree(np.random.default_rng(1), n_leaves=4), **changes}])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed_tree(left_child=[0, -1, -2], right_child=[1, 2, -3]), "child of one earlier"),
        (changed_tree(left_child=[-1, 2, 1], right_child=[-2, -3, -4]), "child of one earlier"),
        (changed_tree(left_child=[2, -1, 1], right_child=[-2, -3, -4]), "child of one earlier"),
        (changed_tree(left_child=[1, 2, -9], right_child=[-1, -2, -3]), "child of one earlier"),
        (changed_tree(left_child=[1, 2, 99], right_child=[-1, -2, -3]), "child of one earlier"),
        (changed_tree(left_child=[1, 2, 10**12], right_child=[-1, -2, -3]), "small whole"),
        (changed_tree(left_child=[1, 2], right_child=[-1, -2, -3]), "3 values of left_child"),
        (changed_tree(left_child=["x", 2, 3]), "whole numbers"),
        (changed_tree(split_feature=[0, 1, 26]), "features 0 .. 25"),
        (changed_tree(split_feature=[0, 1, -1]), "features 0 .. 25"),
        (changed_tree(decision_type=[2, 2, 1]), "numeric splits"),
        (changed_tree(decision_type=[2, 2, 6]), "numeric splits"),
        (changed_tree(threshold=[0.1, 0.2, float("nan")]), "finite"),
        (changed_tree(leaf_value=[0.1, 0.2, 0.3, float("inf")]), "finite"),
        (changed_tree(threshold=["1" * 200] * 3), "has more"),
        (TEXT.replace("num_cat=0", "num_cat=1"), "numeric splits and constant"),
        (TEXT.replace("is_linear=0", "is_linear=1"), "numeric splits and constant"),
        (TEXT.replace("num_leaves=4", "num_leaves=0"), "leaves"),
        (TEXT.replace("num_leaves=4", "num_leaves=4000000"), "leaves"),
        (TEXT.replace("num_leaves=4", "num_leaves=٤"), "whole number as num_leaves"),
        (TEXT.replace("version=v4", "version=v5"), "version v3 or v4"),
        (TEXT.replace("objective=regression", "objective=regression sqrt"), "objective"),
        (TEXT.replace("objective=regression", "objective=poisson"), "objective"),
        (TEXT.replace("max_feature_idx=25", "max_feature_idx=30"), "max_feature_idx 25"),
        (TEXT.replace("num_class=1", "num_class=3"), "num_class 1"),
        (TEXT.replace("Tree=1", "Tree=7"), "'Tree=1' next"),
        (TEXT.replace("end of trees", ""), "ends before"),
        (TEXT[: TEXT.index("Tree=0")] + "end of trees\n", "at least one tree"),
        ("", "must have its text"),
        ("tree", "ends before"),
        ("\n" * 500_000, "at most 400000 lines"),
        ("\n".join(f"key{i}=1" for i in range(100_000)), "ends before"),
    ],
)
def test_a_malformed_model_text_is_refused(text: str, message: str) -> None:
    refused(read_energy, energy_file(text), message)


def test_a_tree_that_is_one_long_branch_is_refused() -> None:
    n = 400
    chain = changed_tree(
        split_feature=[0] * n,
        threshold=[0.5] * n,
        decision_type=[2] * n,
        left_child=[*range(1, n), -1],
        right_child=list(range(-2, -n - 2, -1)),
        leaf_value=[0.0] * (n + 1),
    )
    refused(read_energy, energy_file(chain), "levels deep")
