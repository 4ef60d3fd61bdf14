"""Several trackers of one trial: its energy, time and parts once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import optuna
import pytest

from eahas_plugins.energy import CpuTimeMeter, FakeMeter, MeterError, NvmlMeter, SumMeter
from eahas_plugins.energy.roster import Roster
from eahas_plugins.optuna import EnergyTracker
from tests.eahas_plugins.energy.machines import Nvml


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))


@pytest.fixture
def trial():
    return optuna.create_study().ask()


@pytest.fixture
def meter():
    return FakeMeter(scope="machine")


def test_nested(trial, meter):
    with EnergyTracker(trial, meter=meter) as outer:
        meter.advance(kwh=1.0)
        with EnergyTracker(trial, meter=meter) as inner:
            meter.advance(kwh=1.0)
            inner.report(0.5, step=0)
            assert trial.user_attrs["energy_kwh"] == 2.0
        assert inner.energy_kwh == outer.energy_kwh == 2.0
        meter.advance(kwh=1.0, parts={"gpu": 0.5})
    assert trial.user_attrs["energy_kwh"] == 3.0
    assert trial.user_attrs["runtime_s"] == 3.0
    assert trial.user_attrs["energy_parts_kwh"] == {"gpu": 0.5}


def test_an_inner_tracker_that_fails_knows_what_was_used(trial, meter):
    inner = EnergyTracker(trial, meter=meter)

    def diverge():
        with inner:
            meter.advance(kwh=1.0)
            raise OverflowError

    with EnergyTracker(trial, meter=meter):
        meter.advance(kwh=1.0)
        with pytest.raises(OverflowError):
            diverge()
        assert inner.energy_kwh == 2.0


def test_folds_in_threads(trial, meter):
    ready = threading.Barrier(3)

    def fold(number):
        with EnergyTracker(trial, meter=meter):
            ready.wait(timeout=30)
            if number == 0:
                meter.advance(kwh=3.0)
            ready.wait(timeout=30)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(fold, range(3)))
    assert trial.user_attrs["energy_kwh"] == 3.0


def test_folds_one_after_the_other(meter):
    def objective(trial):
        for _ in range(3):
            with EnergyTracker(trial, meter=meter):
                meter.advance(kwh=1.0, seconds=10.0, parts={"gpu": 0.75})
        return 1.0

    study = optuna.create_study()
    study.optimize(objective, n_trials=2)
    study.enqueue_trial({}, user_attrs=study.trials[0].user_attrs)  # a retry begins at nothing
    study.optimize(objective, n_trials=1)
    for trial in study.trials:
        assert trial.user_attrs["energy_kwh"] == 3.0
        assert trial.user_attrs["runtime_s"] == 30.0
        assert trial.user_attrs["energy_parts_kwh"] == {"gpu": 2.25}


def test_trackers_with_meters_of_overlapping_devices_count_each_once(trial):
    driver = Nvml(2)
    cpu_time = CpuTimeMeter(watts_per_core=1e-9, idle_watts=0.0)
    with EnergyTracker(trial, meter=NvmlMeter([0], nvml=driver)):
        driver.mj[:] = [3_600_000, 3_600_000]
        both = SumMeter([NvmlMeter([0, 1], nvml=driver), cpu_time])
        with EnergyTracker(trial, meter=both):
            driver.mj[:] = [7_200_000, 7_200_000]
    assert trial.user_attrs["energy_kwh"] == pytest.approx(3e-3)
    assert trial.user_attrs["energy_parts_kwh"] == {
        "gpu": pytest.approx(3e-3),
        "cpu": pytest.approx(0.0, abs=1e-12),
    }


def test_trackers_of_two_trials_share(meter):
    study = optuna.create_study()
    trials = [study.ask(), study.ask()]
    with EnergyTracker(trials[0], meter=meter), EnergyTracker(trials[1], meter=meter):
        meter.advance(kwh=3.0)
    assert [t.user_attrs["energy_kwh"] for t in trials] == [1.5, 1.5]


def test_a_tracker_that_ends_in_another_thread_leaves_nothing_to_its_own(meter):
    study = optuna.create_study()
    first, beside = (EnergyTracker(study.ask(), meter=meter) for _ in range(2))
    with ThreadPoolExecutor(1) as other_thread:
        first.__enter__()
        meter.advance(kwh=1.0)
        other_thread.submit(first.__exit__, None, None, None).result()
        with EnergyTracker(study.ask(), meter=meter):
            other_thread.submit(beside.__enter__).result()
            meter.advance(kwh=1.0)
            other_thread.submit(beside.__exit__, None, None, None).result()
    assert [t.user_attrs["energy_kwh"] for t in study.trials] == [1.0, 0.5, 0.5]


class Fragile(FakeMeter):
    fails = 0

    def read(self):
        if self.fails:
            self.fails -= 1
            raise MeterError("GPU is lost")
        return super().read()


def test_a_failed_reading_leaves_later_trials_alone_and_the_trial_what_it_had():
    meter = Fragile(scope="machine")

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            meter.advance(kwh=1.0, parts={"gpu": 1.0})
            energy.report(0.5, step=0)
            meter.fails = 100 if trial.number == 1 else 0
            meter.advance(kwh=1.0, parts={"gpu": 1.0})
        return 1.0

    study = optuna.create_study()
    for _ in range(4):
        study.optimize(objective, n_trials=1, catch=(MeterError,))
        meter.fails = 0
    assert [t.user_attrs["energy_kwh"] for t in study.trials] == [2.0, 1.0, 2.0, 2.0]
    assert [t.state.name for t in study.trials].count("FAIL") == 1
    assert study.trials[1].user_attrs["runtime_s"] == 1.0
    assert study.trials[1].user_attrs["energy_parts_kwh"] == {"gpu": 1.0}


def test_a_meter_that_is_lost_as_a_trial_begins_takes_no_part_of_later_ones(monkeypatch):
    study, meter, joins = optuna.create_study(), Fragile(scope="machine"), Roster.join

    def joins_and_loses(*args, **kwargs):
        meter.fails = 2
        return joins(*args, **kwargs)

    monkeypatch.setattr(Roster, "join", joins_and_loses)
    with pytest.raises(MeterError), EnergyTracker(study.ask(), meter=meter):
        pass
    monkeypatch.setattr(Roster, "join", joins)
    with EnergyTracker(later := study.ask(), meter=meter):
        meter.advance(kwh=1.0)
    assert later.user_attrs["energy_kwh"] == 1.0


def test_a_single_failed_reading_ends_no_training(trial):
    meter = Fragile(scope="machine")
    with EnergyTracker(trial, meter=meter) as energy:
        meter.advance(kwh=1.0)
        meter.fails = 1
        energy.report(0.5, step=0)
        meter.fails = 1
        meter.advance(kwh=1.0)
    assert trial.user_attrs["energy_kwh"] == 2.0


def test_a_meter_that_fails_at_the_start_leaves_nothing_behind(meter):
    study, broken = optuna.create_study(), Fragile(scope="machine")
    trial = study.ask()
    broken.fails = 1
    with pytest.raises(MeterError), EnergyTracker(trial, meter=broken):
        pass
    with EnergyTracker(trial, meter=meter):
        meter.advance(kwh=1.0)
    assert trial.user_attrs["energy_kwh"] == 1.0


def test_a_device_that_stands_still_is_said_and_is_no_part(trial, monkeypatch, caplog):
    from eahas_plugins.optuna import _trial_energy

    monkeypatch.setattr(_trial_energy, "_told", set())
    monkeypatch.setattr(_trial_energy._log, "disabled", False)
    now = [0.0]
    monkeypatch.setattr("eahas_plugins.energy.nvml.time.monotonic", lambda: now[0])
    driver = Nvml(2)
    gpus = NvmlMeter([0], nvml=driver), NvmlMeter([1], nvml=driver)
    with EnergyTracker(trial, meter=SumMeter(gpus)):
        now[0] += 60.0
        driver.mj[0] += 3_600_000
    assert "gpu:GPU-1 stands still" in caplog.text
    assert trial.user_attrs["energy_kwh"] == pytest.approx(1e-3)


def two_meters():
    """One that measures and one that estimates; a step of each is 1 J."""
    driver, estimate = Nvml(1), FakeMeter(scope="machine")

    def step():
        driver.mj[0] += 1_000
        estimate.advance(kwh=1.0 / 3.6e6)

    return NvmlMeter(nvml=driver), estimate, step


@pytest.mark.parametrize("measured_first", [True, False])
@pytest.mark.parametrize("how", ["nested", "one after the other"])
def test_energy_of_which_a_part_is_estimated_is_an_estimate(trial, measured_first, how):
    *meters, step = two_meters()
    first, second = meters if measured_first else reversed(meters)
    with EnergyTracker(trial, meter=first):
        if how == "nested":
            with EnergyTracker(trial, meter=second):
                step()
        step()
    if how != "nested":
        with EnergyTracker(trial, meter=second):
            step()
        with EnergyTracker(trial, meter=second):  # said once
            step()
    told = trial.user_attrs["energy_meter"]
    assert told["kind"] == "estimated"
    assert sorted(told["meter"].split(" + ")) == ["fake", "nvml"]
    assert told["part_kinds"]["gpu"] == "measured"
    assert told["trial"] == trial.number


@pytest.mark.parametrize("sum_first", [True, False])
def test_a_meter_that_is_a_part_of_another_is_said_once(trial, sum_first):
    parts = [FakeMeter(), FakeMeter()]
    meters = [parts[0], SumMeter(parts)]
    for meter in reversed(meters) if sum_first else meters:
        with EnergyTracker(trial, meter=meter):
            for part in parts:
                part.advance(kwh=1.0)
    told = trial.user_attrs["energy_meter"]
    assert told["meter"] == "fake + fake"
    assert set(told["device_ids"]) == set(SumMeter(parts).provenance.device_ids)


def test_the_energy_can_be_asked_for_after_the_with(meter):
    study = optuna.create_study(directions=["maximize", "minimize"])

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            meter.advance(kwh=2.0)
        return 0.5, energy.energy_kwh

    study.optimize(objective, n_trials=1)
    assert study.trials[0].values == [0.5, 2.0]


@pytest.mark.parametrize("call", ["report", "report_last"])
def test_a_value_and_a_step_are_numbers(trial, meter, call):
    with EnergyTracker(trial, meter=meter) as energy:
        report = getattr(energy, call)
        meter.advance(kwh=1.0)
        for bad in ("1", True, 1.5, None):
            with pytest.raises(ValueError, match="step must be a whole number but got"):
                report(0.5, step=bad)
        for bad in ("0.5", True):
            with pytest.raises(ValueError, match=f"must be given a number but got {bad!r}"):
                report(bad, step=1)
