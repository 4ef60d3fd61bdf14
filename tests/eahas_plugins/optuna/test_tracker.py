import threading
import time

import optuna
import pytest

from eahas_plugins.energy import CpuTimeMeter, FakeMeter, MeterError
from eahas_plugins.optuna import EnergyBudget, EnergyTracker

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))


@pytest.fixture
def study():
    return optuna.create_study(direction="maximize")


def total_kwh(study):
    return sum(t.user_attrs["energy_kwh"] for t in study.get_trials(deepcopy=False))


def test_a_finished_trial_holds_energy_meter_parts_and_time(study):
    meter = FakeMeter()

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            for epoch in range(3):
                meter.advance(kwh=0.5, seconds=10.0, parts={"cpu": 0.4})
                energy.report(epoch / 10, step=epoch)
                assert trial.user_attrs["energy_kwh"] == pytest.approx(0.5 * (epoch + 1))
            meter.advance(kwh=0.25, seconds=5.0)  # work after the last report counts too
        return 1.0

    study.optimize(objective, n_trials=2)
    for trial in study.trials:
        assert trial.user_attrs["energy_kwh"] == pytest.approx(1.75)
        assert trial.user_attrs["energy_parts_kwh"] == {"cpu": pytest.approx(1.2)}
        assert trial.user_attrs["runtime_s"] == pytest.approx(35.0)
        assert trial.user_attrs["energy_meter"]["kind"] == "estimated"
        assert trial.user_attrs["energy_meter"]["meter"] == "fake"
        assert list(trial.intermediate_values) == [0, 1, 2]


def test_without_reports_the_whole_training_counts(study):
    meter = FakeMeter()

    def objective(trial):
        with EnergyTracker(trial, meter=meter):
            meter.advance(kwh=2.0)
        return 0.0

    study.optimize(objective, n_trials=1)
    assert total_kwh(study) == 2.0


def test_the_pruner_ends_the_trial_and_what_it_burnt_stays():
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=0.5))
    meter = FakeMeter()

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            for epoch in range(10):
                meter.advance(kwh=1.0)
                energy.report(0.2 * epoch, step=epoch)
        return 0.0

    study.optimize(objective, n_trials=1)
    (trial,) = study.trials
    assert trial.state == optuna.trial.TrialState.PRUNED
    assert trial.user_attrs["energy_kwh"] == 4.0  # epochs 0 .. 3


@pytest.mark.parametrize("directions", [["maximize"], ["maximize", "minimize"]])
def test_the_budget_ends_trial_and_study(directions):
    study = optuna.create_study(directions=directions)
    meter = FakeMeter()
    budget = EnergyBudget(kwh=6.5)
    several = len(directions) > 1

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            for epoch in range(4):
                meter.advance(kwh=1.0)
                energy.report(None if several else 0.1, step=epoch)
            value = trial.suggest_float("x", 0.0, 1.0)
        return (value, energy_kwh(trial)) if several else value

    def energy_kwh(trial):
        return trial.user_attrs["energy_kwh"]

    study.optimize(budget.guard(objective), n_trials=20)
    states = [t.state.name for t in study.trials]
    assert states == ["COMPLETE", "PRUNED"]
    assert total_kwh(study) == 7.0  # one step too much at most


def test_a_failed_trial_keeps_what_it_burnt(study):
    meter = FakeMeter()

    def objective(trial):
        with EnergyTracker(trial, meter=meter):
            meter.advance(kwh=3.0)
            raise OverflowError("diverged")

    study.optimize(objective, n_trials=1, catch=OverflowError)
    assert study.trials[0].state == optuna.trial.TrialState.FAIL
    assert total_kwh(study) == 3.0


def test_the_trainings_own_error_is_not_hidden_by_a_silent_meter(study):
    def objective(trial):
        with EnergyTracker(trial, meter=FakeMeter()):
            raise OverflowError("diverged")

    with pytest.raises(OverflowError, match="diverged"):
        study.optimize(objective, n_trials=1)
    assert total_kwh(study) == 0.0


@pytest.mark.parametrize("reports", [True, False])
def test_a_meter_that_sees_nothing_is_an_error_and_not_zero(study, reports):
    def objective(trial):
        with EnergyTracker(trial, meter=FakeMeter()) as energy:
            if reports:
                energy.report(0.0, step=0)
        return 0.0

    with pytest.raises(MeterError, match="energy must grow"):
        study.optimize(objective, n_trials=1)


def test_the_first_steps_may_be_shorter_than_a_tick_of_the_counter(study):
    class Ticking(FakeMeter):
        reads = 0

        def read(self):
            self.reads += 1
            if self.reads == 6:
                self.advance(kwh=1.0, seconds=0.1)
            return super().read()

    meter = Ticking(resolution_s=0.001)

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            energy.report(0.0, step=0)
            energy.report(0.0, step=1)
        return 0.0

    study.optimize(objective, n_trials=1)
    assert total_kwh(study) == 1.0


def test_a_retry_starts_at_zero_and_a_second_phase_goes_on(study):
    meter = FakeMeter()

    def objective(trial):
        for _ in range(2):
            with EnergyTracker(trial, meter=meter) as energy:
                meter.advance(kwh=1.0)
                energy.report(step=0)
        return 0.0

    study.optimize(objective, n_trials=1)
    assert total_kwh(study) == 2.0
    study.enqueue_trial({}, user_attrs=study.trials[0].user_attrs)  # as a retry callback does
    study.optimize(objective, n_trials=1)
    assert study.trials[1].user_attrs["energy_kwh"] == 2.0


def test_a_study_inside_a_trial_is_part_of_it(study):
    meter = FakeMeter()
    inner = optuna.create_study()

    def inner_objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            meter.advance(kwh=1.0)
            energy.report(0.0, step=0)
        return 0.0

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            meter.advance(kwh=0.5)
            inner.optimize(inner_objective, n_trials=3)
            energy.report(0.0, step=0)
            meter.advance(kwh=0.5)
        return 0.0

    study.optimize(objective, n_trials=2)
    assert [t.user_attrs["energy_kwh"] for t in study.trials] == [4.0, 4.0]
    assert [t.user_attrs["energy_kwh"] for t in inner.trials] == [1.0] * 6


def test_generators_that_train_in_turns_count_nothing_twice(study):
    meter = FakeMeter()

    def training(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            for epoch in range(3):
                meter.advance(kwh=1.0)
                energy.report(0.0, step=epoch)
                yield epoch

    trials = [study.ask(), study.ask()]
    runs = [training(trial) for trial in trials]
    for _ in range(2):
        for run in runs:
            next(run)
    runs[0].close()  # given up half-way
    assert list(runs[1]) == [2]
    assert meter.read().energy_kwh == 5.0
    spent = [trial.user_attrs["energy_kwh"] for trial in trials]
    assert sum(spent) == pytest.approx(5.0)
    assert all(kwh > 1.5 for kwh in spent)


def test_threads_share_one_meter(study):
    meter = CpuTimeMeter(watts_per_core=3.6e6, idle_watts=0.0)  # 1 kWh per CPU second
    both = threading.Barrier(2)

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            both.wait(timeout=30)
            for epoch in range(3):
                until = time.thread_time() + 0.05
                while time.thread_time() < until:
                    pass
                energy.report(0.0, step=epoch)
            both.wait(timeout=30)
        return 0.0

    before_s = time.process_time()
    study.optimize(objective, n_trials=4, n_jobs=2)
    process_s = time.process_time() - before_s
    assert 4 * 0.15 <= total_kwh(study) <= process_s
    assert total_kwh(study) > 0.7 * process_s  # the rest is Optuna's own work


def test_a_tracker_runs_once_at_a_time_and_only_inside_with(study):
    tracker = EnergyTracker(study.ask(), meter=FakeMeter())
    with pytest.raises(RuntimeError, match="use `with"):
        tracker.report(0.0, step=0)
    with pytest.raises(RuntimeError, match="use `with"):
        _ = tracker.energy_kwh
    with pytest.raises(MeterError), tracker, pytest.raises(RuntimeError, match="is running"):
        tracker.__enter__()


def test_a_value_in_a_study_of_several_objectives_is_refused():
    study = optuna.create_study(directions=["maximize", "minimize"])
    meter = FakeMeter()
    with EnergyTracker(study.ask(), meter=meter) as energy:
        meter.advance(kwh=1.0)
        with pytest.raises(ValueError, match="takes no value"):
            energy.report(0.5, step=0)
        with pytest.raises(ValueError, match=r"call report_last\(step=0\) without it"):
            energy.report_last(0.5, step=0)
        energy.report(step=0)
        energy.report_last(step=0)
        assert energy.energy_kwh == 1.0


def test_a_meters_name_is_refused(study):
    with pytest.raises(ValueError, match="a meter or 'auto'"):
        EnergyTracker(study.ask(), meter="nvml")


def test_a_fixed_trial_is_tracked_too():
    meter = FakeMeter()
    trial = optuna.trial.FixedTrial({})
    with EnergyTracker(trial, meter=meter) as energy:
        meter.advance(kwh=1.0)
        energy.report(0.0, step=0)
    assert trial.user_attrs["energy_kwh"] == 1.0


def test_auto_counts_a_real_training(study):
    def objective(trial):
        with EnergyTracker(trial) as energy:
            sum(range(1_000_000))
            energy.report(0.0, step=0)
        return 0.0

    study.optimize(objective, n_trials=1)
    assert total_kwh(study) > 0.0
    assert study.trials[0].user_attrs["energy_meter"]["kind"] in ("measured", "estimated")
