import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given
from hypothesis import strategies as st

from surrogate.fitting.xgboost_trees import from_xgboost, last_left
from surrogate.models.trees import Trees


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.random((300, 6)).round(2)
    Y = np.stack([X[:, 0] + X[:, 1], np.sin(9 * X[:, 2]), X[:, 3] > 0.5, X[:, 4]], axis=1)
    return X, Y


def boost(X, y, **options):
    params = {"max_depth": 4, "nthread": 1, "max_bin": 32, "seed": 0, **options}
    return xgb.train(params, xgb.DMatrix(X, y), 30)


@pytest.mark.parametrize("strategy", ["multi_output_tree", "one_output_per_tree"])
@pytest.mark.parametrize("n_rows", [1, 7, 48, 49, 5000])
def test_equals_xgboost(data, strategy, n_rows):
    X, Y = data
    booster = boost(X, Y, multi_strategy=strategy)
    rows = np.resize(X, (n_rows, X.shape[1]))
    expected = booster.inplace_predict(rows.astype(np.float32))
    assert np.abs(from_xgboost(booster).predict(rows) - expected).max() < 1e-5


def test_equals_xgboost_single_output_and_lossguide(data):
    X, Y = data
    booster = boost(X, Y[:, 1], grow_policy="lossguide", max_depth=0, max_leaves=40)
    expected = booster.inplace_predict(X.astype(np.float32))
    assert np.abs(from_xgboost(booster).predict(X)[:, 0] - expected).max() < 1e-5


def test_equals_xgboost_on_thresholds_themselves(data):
    X, Y = data
    booster = boost(X, Y, multi_strategy="multi_output_tree")
    trees = from_xgboost(booster)
    cuts = np.unique(trees.threshold[np.isfinite(trees.threshold)])
    cuts = np.concatenate([cuts, np.nextafter(cuts, np.inf), np.float32(cuts)])
    rows = np.tile(cuts[:, None], (1, X.shape[1]))
    expected = booster.inplace_predict(rows.astype(np.float32))
    assert np.abs(trees.predict(rows) - expected).max() < 1e-5


@given(st.floats(width=32, min_value=-(2.0**100), max_value=2.0**100))
def test_last_left_is_the_last(threshold):
    t = np.float32(threshold)
    x = last_left(np.array([t]))[0]
    assert np.float32(x) < t
    assert not np.float32(np.nextafter(x, np.inf)) < t


STUMP = {
    "feature": np.array([1, 0, 0]),
    "threshold": np.array([0.5, np.inf, np.inf]),
    "left": np.array([1, 1, 2]),
    "right": np.array([2, 1, 2]),
    "value": np.array([[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]]),
    "roots": np.array([0]),
    "base": np.array([0.0, 100.0]),
}


def test_goes_left_at_the_threshold():
    trees = Trees(**STUMP)
    assert trees.predict([[9.0, 0.5], [0.0, 0.51]]).tolist() == [[1.0, 110.0], [2.0, 120.0]]


def test_trees_of_different_depth_and_a_lone_leaf():
    joined = {
        **STUMP,
        "feature": np.array([1, 0, 0, 7]),
        "threshold": np.array([0.5, 0.0, 0.0, 0.0]),
        "left": np.array([1, 1, 2, 3]),
        "right": np.array([2, 1, 2, 3]),
        "value": np.vstack([STUMP["value"], [[5.0, 0.0]]]),
        "roots": np.array([3, 0]),
    }
    assert Trees(**joined).predict([[9.0, 0.5]]).tolist() == [[6.0, 110.0]]


def test_no_trees_predict_the_base():
    empty = {name: array[:0] for name, array in STUMP.items()} | {"base": STUMP["base"]}
    assert Trees(**empty).predict([[1.0]]).tolist() == [[0.0, 100.0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"left": np.array([1, 0, 2])}, "reached in two ways"),
        ({"left": np.array([1, 1, 3])}, "left must name nodes"),
        ({"right": np.array([-1, 1, 2])}, "right must name nodes"),
        ({"roots": np.array([3])}, "roots must name nodes"),
        ({"value": np.zeros((3, 1))}, "value must have shape"),
        ({"feature": np.array([-1, 0, 0])}, "feature must not be negative"),
        ({"threshold": np.array([np.nan, 0.0, 0.0])}, "threshold must not be NaN"),
    ],
)
def test_refuses_what_is_not_a_forest(change, message):
    with pytest.raises(ValueError, match=message):
        Trees(**{**STUMP, **change})


@pytest.mark.parametrize("X", [[1.0, 2.0], [[1.0]]])
def test_refuses_rows_of_the_wrong_shape(X):
    with pytest.raises(ValueError, match="X must have shape"):
        Trees(**STUMP).predict(X)


@pytest.mark.filterwarnings("ignore:.*`booster=gblinear` is deprecated")
def test_refuses_linear_boosters(data):
    X, Y = data
    booster = xgb.train({"booster": "gblinear", "nthread": 1}, xgb.DMatrix(X, Y[:, 0]), 2)
    with pytest.raises(ValueError, match="must be gbtree"):
        from_xgboost(booster)


def test_arrays_keep_everything(data):
    X, Y = data
    trees = from_xgboost(boost(X, Y, multi_strategy="multi_output_tree"))
    arrays = trees.to_arrays()
    again = Trees.from_arrays(arrays)
    np.testing.assert_array_equal(again.predict(X), trees.predict(X))
    assert sum(array.nbytes for array in arrays.values()) < trees.value.nbytes


@pytest.mark.parametrize("n_rows", [1, 60])
def test_members_have_equally_many_trees_and_a_common_base(n_rows):
    two = {
        name: np.concatenate([STUMP[name], STUMP[name] + shift])
        for name, shift in (("left", 3), ("right", 3), ("roots", 3), ("threshold", 1.0))
    }
    two |= {"feature": np.tile(STUMP["feature"], 2), "value": np.tile(STUMP["value"], (2, 1)) / 2}
    trees = Trees(**two, base=STUMP["base"])
    rows = np.tile([[9.0, 1.0]], (n_rows, 1))  # right in the first tree, left in the second
    first, second = trees.predict_members(rows, 2)
    assert first.tolist() == [[2.0, 120.0]] * n_rows
    assert second.tolist() == [[1.0, 110.0]] * n_rows
    assert trees.predict(rows).tolist() == [[1.5, 115.0]] * n_rows
    with pytest.raises(ValueError, match="3 members must have equally many of 2 trees"):
        trees.predict_members(rows, 3)
