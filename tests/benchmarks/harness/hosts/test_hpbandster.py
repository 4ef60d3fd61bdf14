import pytest

from benchmarks.harness.bench import SeededBench
from benchmarks.harness.hosts import hpbandster
from benchmarks.harness.study import Setting
from eahas_plugins.budget.entries import was_refused
from eahas_plugins.hpbandster import EnergyBOHB
from tests.benchmarks.harness.hosts.live_contract import check_goes_on, check_live
from tests.benchmarks.synthetic import SyntheticBench

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def test_a_study_ends_at_the_first_training_that_what_is_left_pays_no_epoch_of(monkeypatch):
    results = []

    class Kept(EnergyBOHB):
        def run(self, *args, **kwargs):
            results.append(super().run(*args, **kwargs))
            return results[-1]

    monkeypatch.setattr(hpbandster, "EnergyBOHB", Kept)
    setting = Setting(bench=SeededBench(SyntheticBench(), 0), budget_kwh=0.05, seed=2)
    found = hpbandster.optimise_hpbandster(setting, fidelity="cut")
    runs = sorted(results[0].get_all_runs(), key=lambda run: run.time_stamps["finished"])
    first = next(place for place, run in enumerate(runs) if was_refused(run.error_logs))
    assert any(run.info for run in runs[first:])  # a user's run goes on: cheaper ones still fit
    assert [e.energy_kwh for e in found] == [run.info["energy_kwh"] for run in runs[:first]]
    assert sum(e.energy_kwh for e in found) <= setting.budget_kwh * (1.0 + 1e-9)


@pytest.mark.parametrize("name", ["hpbandster-bohb", "ea-hpbandster-bohb"])
def test_a_live_training_of_hpbandster_stops_at_the_budget_and_is_recorded(name):
    check_live(name)


def test_a_live_training_of_hpbandster_goes_on_at_a_higher_rung():
    check_goes_on("ea-hpbandster-bohb")
