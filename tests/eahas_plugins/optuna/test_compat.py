"""A private name of Optuna that is missing costs the class that needs it, and no other."""

import importlib
import re
import sys
from pathlib import Path

import optuna
import pytest

from eahas_plugins.optuna import _compat, samplers

MAKERS = {
    "EnergyTPESampler": samplers.EnergyTPESampler,
    "EnergyGPSampler": samplers.EnergyGPSampler,
    "SchedulePromotionSampler": lambda: samplers.SchedulePromotionSampler(
        optuna.samplers.RandomSampler(), fidelity_param="max_epoch"
    ),
    "ea_bohb": samplers.ea_bohb,
    "LocalSearchSampler": samplers.LocalSearchSampler,
    "BananasSampler": samplers.BananasSampler,
    "RegularizedEvolutionSampler": samplers.RegularizedEvolutionSampler,
}
NAMES = [(owner, *place) for owner, places in _compat.NEEDED.items() for place in places]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize(("owner", "holder", "name"), NAMES)
def test_a_missing_name_costs_its_class_alone(monkeypatch, owner, holder, name):
    monkeypatch.delattr(holder, name)
    message = (
        rf"{owner} needs {holder.__name__}\.{name}, which Optuna {optuna.__version__} does not"
    )
    with pytest.raises(ImportError, match=message):
        MAKERS[owner]()
    for other, make in MAKERS.items():
        if other != owner:
            make()


@pytest.mark.parametrize(("owner", "holder", "name"), NAMES)
def test_everything_can_be_imported_without_it(monkeypatch, owner, holder, name):
    for module in [m for m in sys.modules if m.startswith("eahas_plugins.optuna")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr(holder, name)
    package = importlib.import_module("eahas_plugins.optuna")
    for public in package.__all__:
        getattr(package, public)


@pytest.mark.parametrize(
    ("use", "name"),
    [
        (_compat.study_key, "_storage"),
        (_compat.study_id_of, "_study_id"),
        (lambda study: _compat.share_read_trials(study, study), "_thread_local"),
    ],
)
def test_a_missing_attribute_of_a_study_is_named(use, name):
    study = optuna.create_study()
    delattr(study, name)
    with pytest.raises(ImportError, match=rf"Study\.{name}, which Optuna .* does not have: pip"):
        use(study)


def test_other_tables_are_read_the_public_way(monkeypatch, tmp_path):
    from optuna.storages._rdb import models

    study = optuna.create_study(storage=f"sqlite:///{tmp_path}/study.db")
    assert _compat.database_tables() is not None
    assert _compat.database_engine(study) is not None
    monkeypatch.delattr(models, "TrialUserAttributeModel")
    assert _compat.database_tables() is None


def test_constraints_of_either_form():
    old = optuna.trial.create_trial(value=1.0, system_attrs={"constraints": [0.5, -1.0]})
    assert _compat.constraints_of(old) == (0.5, -1.0)
    assert _compat.constraints_of(optuna.trial.create_trial(value=1.0)) == ()
    if hasattr(old, "set_constraint"):  # since Optuna 5
        new = optuna.trial.create_trial(value=1.0, constraints={"memory": 0.25})
        assert _compat.constraints_of(new) == (0.25,)


def test_private_names_stand_in_one_module():
    private = re.compile(
        r"optuna\._|\b(?:study|trial|self\.whole_study|view|storage)\._[a-z]"
        r"|distribution\._|_raise_error_if|\"(?:fixed_params|constraints)\""
    )
    folder = Path(_compat.__file__).parent
    found = [
        f"{path.relative_to(folder)}: {line.strip()}"
        for path in folder.rglob("*.py")
        if path.name != "_compat.py"
        for line in path.read_text().splitlines()
        if private.search(line.replace("eahas_plugins.optuna._", ""))
    ]
    assert found == []
