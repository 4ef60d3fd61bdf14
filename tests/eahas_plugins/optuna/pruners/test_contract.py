"""What holds for every pruner."""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import optuna
import pytest
from optuna.pruners import BasePruner
from optuna.trial import TrialState

from eahas_plugins.optuna import EnergyBudget, ea_bohb
from eahas_plugins.optuna.pruners import (
    EnergyHyperbandPruner,
)
from tests.eahas_plugins.optuna.budget.budget_worker import requeue
from tests.eahas_plugins.optuna.pruners.studies import BAD, GOOD, Point, new_study, run


def signed(points: Sequence[Point], direction: str) -> list[Point]:
    return [(kwh, value if direction == "maximize" else -value) for kwh, value in points]


def test_contract_bad_trials_are_pruned_and_good_ones_kept(
    pruner: BasePruner, direction: str
) -> None:
    study = new_study(pruner, direction)
    kept = [run(study, signed(GOOD, direction)) for _ in range(3)]
    pruned = [run(study, signed(BAD, direction)) for _ in range(3)]
    better = [(kwh, value + 0.05) for kwh, value in GOOD]
    if not isinstance(pruner, EnergyHyperbandPruner):  # whose max_kwh ends every trial
        assert kept == [None, None, None]
        assert run(study, signed(better, direction)) is None
    assert all(step is not None for step in pruned)


@pytest.mark.parametrize("better", [0.0, 0.5])
def test_contract_sums_that_round_are_looked_at_where_exact_ones_are(
    pruner: BasePruner, better: float
) -> None:
    """0.1 kWh eight times is 0.7999999999999999 kWh, and in exact numbers 0.8."""
    ends = []
    for energies in (accumulate([0.1] * 110), (n / 10 for n in range(1, 111))):
        study = new_study(pruner)
        for _ in range(2):
            run(study, GOOD)
        points = [(kwh, 0.7 - better * kwh) for kwh in energies]
        ends.append([run(study, points) for _ in range(3)])
    assert ends[0] == ends[1]


def test_contract_trial_without_energy_is_never_pruned(pruner: BasePruner, direction: str) -> None:
    study = new_study(pruner, direction)
    run(study, signed(GOOD, direction))
    assert run(study, [(None, v) for _, v in signed(BAD, direction)]) is None
    assert run(study, [(0.0, v) for _, v in signed(BAD, direction)]) is None


@pytest.mark.parametrize("energy", [math.nan, -1.0, None, "much"])
def test_contract_unknown_energy_is_no_energy(pruner: BasePruner, energy: object) -> None:
    study = new_study(pruner)
    run(study, GOOD)
    trial = study.ask()
    trial.set_user_attr("energy_kwh", energy)
    trial.report(0.1, 1)
    assert not trial.should_prune()


def test_contract_nan_is_pruned(pruner: BasePruner, direction: str) -> None:
    study = new_study(pruner, direction)
    run(study, signed(GOOD, direction))
    assert run(study, [(2.5, math.nan), (5.0, math.nan)]) == 1


def test_contract_nan_of_others_does_not_count_against_good_ones(
    pruner: BasePruner, direction: str
) -> None:
    study = new_study(pruner, direction)
    run(study, [(2.5, math.nan)])
    first = run(study, signed(GOOD, direction))
    assert first is None or isinstance(pruner, EnergyHyperbandPruner)


def test_contract_a_trial_that_failed_is_no_bar_for_others(
    pruner: BasePruner, direction: str
) -> None:
    """However good it looked before."""

    def kept(*failing: Sequence[Point]) -> list[int | None]:
        study = new_study(pickle.loads(pickle.dumps(pruner)), direction)
        for points in failing:
            trial = study.ask()
            trial.set_user_attr("energy_reserved_kwh", 10.0)
            for step, (energy_kwh, value) in enumerate(signed(points, direction), start=1):
                trial.set_user_attr("energy_kwh", energy_kwh)
                trial.report(value, step)
                trial.should_prune()
            study.tell(trial, state=TrialState.FAIL)
        rising = [[(kwh, v - 0.01 * n) for kwh, v in GOOD] for n in range(4)]
        return [run(study, signed(points, direction)) for points in rising]

    better = [(kwh, value + 0.05) for kwh, value in GOOD]
    assert kept(better, better, better) == kept()


def test_contract_no_report_no_pruning(pruner: BasePruner) -> None:
    study = new_study(pruner)
    run(study, GOOD)
    trial = study.ask()
    trial.set_user_attr("energy_kwh", 5.0)
    assert not trial.should_prune()


def test_contract_state_is_in_the_storage(pruner: BasePruner, tmp_path: Path) -> None:
    """A worker that joins or resumes decides as the one who was there from the start."""
    answers = []
    for resumed in (False, True):
        backend = optuna.storages.journal.JournalFileBackend(f"{tmp_path}/{resumed}")
        study = new_study(pruner, storage=optuna.storages.JournalStorage(backend))
        for _ in range(3):
            run(study, GOOD)
        if resumed:
            twin = pickle.loads(pickle.dumps(pruner))
            backend = optuna.storages.journal.JournalFileBackend(f"{tmp_path}/{resumed}")
            storage = optuna.storages.JournalStorage(backend)
            study = optuna.load_study(study_name="pruned", storage=storage, pruner=twin)
        answers.append([run(study, points) for points in (BAD, GOOD, BAD)])
    assert answers[0] == answers[1]
    assert answers[0][0] is not None


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_contract_retry_starts_with_an_empty_memory(pruner: BasePruner) -> None:
    study = new_study(pruner)
    for _ in range(2):  # the first one may have to tell where the rungs are
        run(study, GOOD)
    trial = study.ask()
    trial.set_user_attr("energy_reserved_kwh", 10.0)
    for step, (energy_kwh, value) in enumerate(GOOD[:2], start=1):
        trial.set_user_attr("energy_kwh", energy_kwh)
        trial.report(value, step)
        trial.should_prune()
    requeue(study, trial.number)
    if not isinstance(pruner, EnergyHyperbandPruner):  # whose brackets see too few trials
        assert run(study, BAD) is not None
    assert study.trials[-1].system_attrs["retry_history"] == [trial.number]


def test_contract_asking_twice_gives_the_same_answer(pruner: BasePruner) -> None:
    study = new_study(pruner)
    for _ in range(3):
        run(study, GOOD)
    trial = study.ask()
    trial.set_user_attr("energy_reserved_kwh", 10.0)
    for step, (energy_kwh, value) in enumerate(GOOD[:2], start=1):
        trial.set_user_attr("energy_kwh", energy_kwh)
        trial.report(value, step)
        first = trial.should_prune()
        assert first == trial.should_prune()


def test_contract_n_jobs(pruner: BasePruner) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("energy_reserved_kwh", 8.0)
        for step in range(1, 9):
            trial.set_user_attr("energy_kwh", float(step))
            trial.report(x * (1 - 1 / (1 + step)), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return x

    study = new_study(pruner, sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=24, n_jobs=4)
    states = {t.state for t in study.trials}
    assert states <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert TrialState.PRUNED in states


def test_contract_several_studies_in_turn_and_at_once(pruner: BasePruner, direction: str) -> None:
    alone = new_study(pickle.loads(pickle.dumps(pruner)), direction)
    together = [new_study(pruner, direction, study_name="pruned") for _ in range(2)]
    for points in (GOOD, BAD, GOOD, BAD):
        expected = run(alone, signed(points, direction))
        for study in together:
            assert run(study, signed(points, direction)) == expected
    pickled = new_study(pickle.loads(pickle.dumps(pruner)), direction)
    assert run(pickled, signed(GOOD, direction)) == run(
        new_study(pruner, direction), signed(GOOD, direction)
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_contract_infinite_values_are_no_values(
    pruner: BasePruner, direction: str, sign: float
) -> None:
    study = new_study(pruner, direction)
    run(study, signed(GOOD, direction))
    assert run(study, [(2.5, sign * math.inf), (5.0, sign * math.inf)]) == 1
    if not isinstance(pruner, EnergyHyperbandPruner):
        better = [(kwh, value + 0.05) for kwh, value in GOOD]
        assert run(study, signed(better, direction)) is None


def test_contract_silence_is_said_once_in_each_study(
    pruner: BasePruner, caplog: pytest.LogCaptureFixture
) -> None:
    for n_said in (1, 2):
        study = new_study(pruner, study_name=f"silent {n_said}")
        for _ in range(4):
            run(study, [(None, v) for _, v in GOOD], planned_kwh=None)
        said = [r.getMessage() for r in caplog.records if "prunes nothing" in r.getMessage()]
        assert len({message.split()[0] for message in said}) * n_said == len(said)
    assert type(pruner).__name__ in caplog.text
    assert "energy_kwh" in caplog.text


def test_contract_nothing_is_said_where_one_reports(
    pruner: BasePruner, caplog: pytest.LogCaptureFixture
) -> None:
    study = new_study(pruner)
    run(study, GOOD)
    run(study, [(None, v) for _, v in GOOD])
    assert not caplog.records


def test_contract_several_objectives_are_refused_with_a_way_out(pruner: BasePruner) -> None:
    study = optuna.create_study(directions=["maximize", "minimize"])
    trial = optuna.trial.create_trial(state=TrialState.RUNNING, intermediate_values={1: 0.5})
    with pytest.raises(ValueError, match=r"one objective but the study has 2.*Leave the pruner"):
        pruner.prune(study, trial)


def test_contract_a_pruner_that_would_never_be_asked_is_refused_at_once(
    pruner: BasePruner,
) -> None:
    """Optuna itself says nothing where an objective reports no value."""
    study = optuna.create_study(directions=["maximize", "minimize"], pruner=pruner)
    budget = EnergyBudget(kwh=1.0)
    with pytest.raises(ValueError, match=r"study has 2.*EnergyBudget\(trial_limit_kwh=.*ea_bohb"):
        study.optimize(budget.guard(lambda trial: (1.0, 1.0)), n_trials=1)
    study.sampler = ea_bohb()[0]
    with pytest.raises(ValueError, match=r"Leave the pruner out"):
        study.optimize(lambda trial: (trial.suggest_float("x", 0.0, 1.0), 1.0), n_trials=1)
