"""Energy that nobody has counted is unknown, not 0."""

import optuna
import pytest

from eahas_plugins.energy import FakeMeter, MeterError
from eahas_plugins.optuna import EnergyBudget, EnergyTracker, energy_report

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))


class Driver(FakeMeter):
    """Its counter stands still while its clock goes on, or it is lost."""

    lost = False

    def read(self):
        if self.lost:
            raise MeterError("GPU is lost")
        return super().read()


def stands_still(meter):
    meter.advance(kwh=0.0, seconds=3600.0)


def is_lost(meter):
    meter.lost = True


def fails(trial):
    raise OverflowError("diverged")


def is_pruned(trial):
    raise optuna.TrialPruned


def completes(trial):
    pass


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("ends", [fails, is_pruned, completes])
@pytest.mark.parametrize("happens", [stands_still, is_lost])
def test_a_meter_that_has_counted_nothing_in_an_hour(happens, ends, guarded):
    meter, study = Driver(scope="machine"), optuna.create_study()

    def objective(trial):
        with EnergyTracker(trial, meter=meter):
            happens(meter)
            ends(trial)
        return 1.0

    objective = EnergyBudget(kwh=1.0).guard(objective) if guarded else objective
    study.optimize(objective, n_trials=1, catch=(OverflowError, MeterError))
    assert "energy_kwh" not in study.trials[0].user_attrs
    with pytest.raises(ValueError, match="must have energies but none of 1 has one"):
        energy_report(study)  # it does not tell of 0 kWh


def test_a_trial_that_ends_at_once_has_burnt_nothing():
    study = optuna.create_study()

    def objective(trial):
        with EnergyTracker(trial, meter=Driver()):
            raise OverflowError

    study.optimize(objective, n_trials=1, catch=(OverflowError,))
    assert study.trials[0].user_attrs["energy_kwh"] == 0.0
