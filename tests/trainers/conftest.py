import optuna
import pytest

from eahas_plugins.energy import CpuTimeMeter


@pytest.fixture
def meter(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))
    monkeypatch.chdir(tmp_path)
    return CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)


@pytest.fixture
def study():
    """One whose pruner ends the second trial at its first report."""
    return optuna.create_study(pruner=_NotTheFirst())


class _NotTheFirst(optuna.pruners.BasePruner):
    def prune(self, study, trial):
        return trial.number > 0
