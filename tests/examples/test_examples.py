import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.examples.run_example import run, run_example


@pytest.mark.parametrize("name", ["sklearn_digits.py", "boosting.py"])
def test_the_example_learns_and_stops_at_its_budget(name, tmp_path):
    value, joules = run_example(name, tmp_path)
    assert value > 0.8
    assert 18.0 <= joules < 27.0  # one step beyond the budget at most


def test_the_best_of_a_cross_validation_has_all_folds(tmp_path):
    value, joules = run_example("cross_validation.py", tmp_path)
    assert value > 0.95
    assert joules > 0.0


def test_workers_share_one_budget_and_a_third_finds_it_used_up(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: run_example("several_workers.py", tmp_path), range(2)))
    for value, joules in [*found, run_example("several_workers.py", tmp_path)]:
        assert value > 0.8
        assert 30.0 < joules < 45.0


def test_smac_with_dask_workers(tmp_path):
    value, joules = run_example("smac_dask.py", tmp_path)
    assert value > 0.8
    assert 30.0 < joules < 45.0


def test_the_smac_example_logs_draws_and_goes_on_with_a_larger_budget(tmp_path):
    n_trials = 0
    for budget_kwh in (6e-4, 8e-4):
        _, log = run("smac_energy.py", tmp_path, "--budget-kwh", str(budget_kwh))
        trials = re.findall(r"trial (\d+): schedule of \d+ epochs, .* (\S+) kWh in all", log)
        spent_kwh = float(re.search(r"spent (\S+) of", log)[1])
        assert 0.8 * budget_kwh < spent_kwh <= budget_kwh
        assert [int(number) for number, _ in trials] == [
            *range(n_trials + 1, len(trials) + n_trials + 1)
        ]
        assert float(trials[-1][1]) == pytest.approx(spent_kwh, rel=0.01)
        assert "new incumbent: {'base_lr': " in log
        assert (tmp_path / "smac_energy.png").stat().st_size > 10_000
        (tmp_path / "smac_energy.png").unlink()
        n_trials += len(trials)
