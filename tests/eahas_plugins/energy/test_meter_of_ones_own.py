"""A user's own meter, such as a plug that is asked over the network: it raises what it likes."""

import optuna
import pytest

from eahas_plugins.energy import FakeMeter, MeterError, NvmlMeter, Share, SumMeter
from eahas_plugins.optuna import EnergyTracker
from eahas_plugins.targets.journal_training import JournalTraining
from eahas_plugins.targets.scratch import Scratch
from tests.eahas_plugins.energy.machines import Nvml


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))


class Plug(FakeMeter):
    """It counts 1 kWh at every reading, or raises ``error``, or answers ``answer``."""

    error = None
    answer = None
    n_asked = 0

    def read(self):
        self.n_asked += 1
        if self.error is not None:
            raise self.error
        self.advance(kwh=1.0)
        return super().read() if self.answer is None else self.answer


ERRORS = [ConnectionError("unplugged"), ValueError("no JSON"), ZeroDivisionError(), KeyError("W")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_trial_keeps_what_was_counted_and_later_ones_lose_nothing(error):
    plug = Plug(scope="machine")

    def objective(trial):
        with EnergyTracker(trial, meter=plug) as energy:
            energy.report(0.5, step=0)
            plug.error = error if trial.number == 0 else None
        return 1.0

    study = optuna.create_study()
    for _ in range(3):
        study.optimize(objective, n_trials=1, catch=(MeterError,))
        plug.error = None
    first, *later = study.trials
    assert first.user_attrs["energy_kwh"] > 0.0
    assert first.user_attrs["runtime_s"] > 0.0
    counted = [trial.user_attrs["energy_kwh"] for trial in later]
    assert counted == [trial.user_attrs["runtime_s"] for trial in later]  # 1 kWh a second: alone


def test_an_interrupt_at_the_end_leaves_later_trials_alone(monkeypatch):
    plug, study = Plug(scope="machine"), optuna.create_study()
    with pytest.raises(KeyboardInterrupt), EnergyTracker(study.ask(), meter=plug):
        plug.error = KeyboardInterrupt()
    plug.error = None
    trial = study.ask()
    with EnergyTracker(trial, meter=plug):
        pass
    assert trial.user_attrs["energy_kwh"] == trial.user_attrs["runtime_s"]


@pytest.mark.parametrize("answer", [1.5, (0.1, 2.0), {"energy_kwh": 1.0}])
def test_what_is_no_reading_is_said(answer):
    plug = Plug()
    share = Share(plug)
    plug.answer = answer
    with pytest.raises(MeterError, match="must answer with a Reading but got"):
        share.read()


def test_it_does_not_cost_the_other_meters_of_a_sum():
    driver, plug = Nvml(1), Plug(scope="machine")
    share = Share(SumMeter([NvmlMeter(nvml=driver), plug]))
    driver.mj[0], plug.error = 5_000, TimeoutError("no answer in 5 s")
    assert 3.6e6 * share.read().parts_kwh["gpu"] == pytest.approx(5.0)


def test_who_does_not_answer_is_asked_once_until_it_does():
    plug = Plug(scope="machine")
    share = Share(SumMeter([Plug(), plug]))
    plug.error = TimeoutError("no answer in 5 s")
    share.read()
    plug.n_asked = 0
    for _ in range(3):
        share.read()
    assert plug.n_asked == 3
    plug.error = None
    before_kwh = share.latest.energy_kwh
    assert share.read().energy_kwh >= before_kwh + 2.0
    plug.error = TimeoutError("again")
    plug.n_asked = 0
    share.read()
    assert plug.n_asked == 2  # who has answered gets a second chance


def test_a_training_of_another_host_goes_on(tmp_path):
    plug = Plug()
    training = JournalTraining(
        meter=plug, checkpoint=Scratch(), seed=0, budget=None, in_kwh=False, attempt=None
    )
    plug.error = ConnectionError("unplugged")
    assert training.own_kwh >= 0.0
    plug.error = None
    training.finish()
    assert training.measured().energy_kwh > 0.0


@pytest.mark.parametrize("at", range(2, 8))
def test_one_failed_reading_ends_no_training_whichever_it_is(at):
    class Hiccup(Plug):
        def read(self):
            self.error = TimeoutError("busy") if self.n_asked + 1 == at else None
            return super().read()

    plug, trial = Hiccup(scope="machine"), optuna.create_study().ask()
    with EnergyTracker(trial, meter=plug) as energy:
        energy.report(0.5, step=0)
    assert trial.user_attrs["energy_kwh"] > 0.0
    plug = Hiccup()
    training = JournalTraining(
        meter=plug, checkpoint=Scratch(), seed=0, budget=None, in_kwh=False, attempt=None
    )
    training.finish()
    assert training.measured().energy_kwh > 0.0
