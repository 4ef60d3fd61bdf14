import pytest

from tests.examples.run_example import run_example


@pytest.mark.parametrize("name", ["sklearn_digits.py", "xgboost_breast_cancer.py"])
def test_the_example_learns_and_stops_at_its_budget(name, tmp_path):
    value, kwh = run_example(name, tmp_path)
    assert value > 0.8
    assert 5e-6 <= kwh < 7.5e-6  # one step beyond the budget at most
