from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.budget_worker import requeue

Objective = Callable[[optuna.Trial], float]


@pytest.fixture(autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def new_study(**options: Any) -> optuna.Study:
    options.setdefault("sampler", optuna.samplers.RandomSampler(seed=0))
    options.setdefault("pruner", optuna.pruners.NopPruner())
    return optuna.create_study(**options)


def training(step_kwh: float = 1.0, n_steps: int = 4, *, foresight: bool = True) -> Objective:
    """Trains ``n_steps`` steps of ``step_kwh`` each."""

    def objective(trial: optuna.Trial) -> float:
        if foresight:
            trial.set_user_attr("energy_reserved_kwh", n_steps * step_kwh)
            trial.set_user_attr("energy_step_kwh", step_kwh)
        for step in range(1, n_steps + 1):
            trial.set_user_attr("energy_kwh", step * step_kwh)
            trial.report(1.0 / step, step)
            if step < n_steps and trial.should_prune():
                raise optuna.TrialPruned
        return 1.0 / n_steps

    return objective


def energies(study: optuna.Study) -> list[float]:
    return [t.user_attrs["energy_kwh"] for t in study.trials]


# --- arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kwh", [0.0, -1.0, math.nan, math.inf])
def test_unusable_cap(kwh: float) -> None:
    with pytest.raises(ValueError, match="`kwh` must be a positive finite number of kWh but got"):
        EnergyBudget(kwh)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either as `kwh` or as `kg_co2e`"),
        ({"kwh": 1.0, "kg_co2e": 1.0, "g_per_kwh": 400.0}, "either as `kwh` or as `kg_co2e`"),
        ({"kg_co2e": 1.0}, "needs `g_per_kwh`"),
        ({"kg_co2e": math.nan, "g_per_kwh": 400.0}, "`kg_co2e` must be positive"),
        ({"kwh": 1.0, "g_per_kwh": 0.0}, "`g_per_kwh` must be positive"),
        ({"kwh": 1.0, "trial_limit_kwh": math.nan}, "`trial_limit_kwh`"),
        ({"kwh": 1.0, "reserve": -1.0}, "`reserve`"),
        ({"kwh": 1.0, "reserve": "median"}, "`reserve`"),
        ({"kwh": 1.0, "shortfall": "wait"}, "`shortfall` must be 'truncate' or 'skip'"),
        ({"kwh": 1.0, "lease_s": 0.0}, "`lease_s`"),
        ({"kwh": 1.0, "min_gain_per_kwh": math.nan}, "`min_gain_per_kwh`"),
        ({"kwh": 1.0, "gain_window_kwh": 0.0}, "`gain_window_kwh`"),
    ],
)
def test_unusable_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EnergyBudget(**arguments)


def test_cap_in_emissions() -> None:
    budget = EnergyBudget(kg_co2e=2.0, g_per_kwh=400.0)
    assert budget.cap_kwh == 5.0
    study = new_study()
    study.optimize(budget.guard(training()), callbacks=[budget])
    assert study.user_attrs["energy_spent_kg_co2e"] == 2.0


# --- in flight ---------------------------------------------------------------------------------


def test_budget_is_used_up_and_not_overspent() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(training()), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 2.0]
    assert [t.state for t in study.trials] == [
        TrialState.COMPLETE,
        TrialState.COMPLETE,
        TrialState.PRUNED,
    ]
    assert study.trials[-1].user_attrs["energy_stopped"] == {
        "by": "budget",
        "needed_kwh": 1.0,
        "spent_kwh": 10.0,
        "cap_kwh": 10.0,
    }
    assert study.trials[-1].value == 0.5  # what it had reached


def test_a_trial_that_fits_exactly_completes() -> None:
    study, budget = new_study(), EnergyBudget(8.0)
    study.optimize(budget.guard(training()), callbacks=[budget])
    assert energies(study) == [4.0, 4.0]
    assert {t.state for t in study.trials} == {TrialState.COMPLETE}


def test_without_foresight_one_step_too_much() -> None:
    study, budget = new_study(), EnergyBudget(9.5)
    study.optimize(budget.guard(training(foresight=False)), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 2.0]


def test_steady_training_looks_ahead() -> None:
    study, budget = new_study(), EnergyBudget(9.5, steady=True)
    study.optimize(budget.guard(training(foresight=False)), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 1.0]


def test_guard_needs_no_callback() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(training()))
    assert energies(study) == [4.0, 4.0, 2.0]
    assert study.user_attrs["energy_remaining_kwh"] == 0.0
    assert study.user_attrs["energy_reserved_kwh"] == 0.0


def test_no_trials_for_the_last_crumbs() -> None:
    study, budget = new_study(), EnergyBudget(4.5)
    study.optimize(budget.guard(training()))
    assert energies(study) == [4.0, 0.0]  # the second does not begin, and there is no third


def test_objective_that_never_asks_is_ended_at_its_report() -> None:
    def objective(trial: optuna.Trial) -> float:
        for step in range(1, 5):
            trial.set_user_attr("energy_kwh", float(step))
        return 0.0

    study, budget = new_study(), EnergyBudget(6.0)
    study.optimize(budget.guard(objective))
    assert energies(study) == [4.0, 2.0]
    assert study.trials[-1].state is TrialState.PRUNED


def test_callback_alone_stops_between_trials() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(training(foresight=False), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 4.0]


def test_limit_per_trial() -> None:
    study, budget = new_study(), EnergyBudget(100.0, trial_limit_kwh=2.5)
    study.optimize(budget.guard(training()), n_trials=2)
    assert energies(study) == [2.0, 2.0]
    assert study.trials[0].user_attrs["energy_stopped"]["by"] == "trial_limit"
    assert not budget.exhausted(study)


def test_pruner_is_still_asked() -> None:
    study = new_study(pruner=optuna.pruners.ThresholdPruner(upper=0.9))
    budget = EnergyBudget(100.0)
    study.optimize(budget.guard(training()), n_trials=1)
    assert energies(study) == [1.0]
    assert study.trials[0].user_attrs["energy_stopped"] == {
        "by": "pruner",
        "pruner": "ThresholdPruner",
    }


def test_multi_objective() -> None:
    def objective(trial: optuna.Trial) -> tuple[float, float]:
        x = trial.suggest_float("x", 0.0, 1.0)
        for step in range(1, 5):
            trial.set_user_attr("energy_kwh", float(step))
        return x, 4.0

    study = new_study(directions=["maximize", "minimize"])
    budget = EnergyBudget(6.0)
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert energies(study) == [4.0, 2.0]
    assert [t.state for t in study.trials] == [TrialState.COMPLETE, TrialState.PRUNED]


def test_multi_objective_may_ask() -> None:
    asked = []

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        trial.set_user_attr("energy_kwh", 1.0)
        asked.append(trial.should_prune())
        return 0.0, 0.0

    study = new_study(directions=["maximize", "minimize"])
    study.optimize(EnergyBudget(2.5).guard(objective), n_trials=2)
    assert asked == [False, False]
    study.optimize(EnergyBudget(2.5).guard(objective), n_trials=2)
    assert energies(study) == [1.0, 1.0, 1.0]


# --- the guarded trial is the trial ------------------------------------------------------------


def test_guarded_trial_is_a_trial() -> None:
    seen: list[optuna.Trial] = []

    def objective(trial: optuna.Trial) -> float:
        seen.append(trial)
        assert isinstance(trial, optuna.Trial)
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("note", "kept")
        assert trial.params == {"x": x}
        assert trial.user_attrs["note"] == "kept"
        return x

    study = new_study()
    study.optimize(EnergyBudget(1.0).guard(objective), n_trials=1)
    assert study.trials[0].user_attrs["note"] == "kept"
    assert seen[0].number == 0


def test_fixed_trial_runs_free() -> None:
    guarded = EnergyBudget(1.0).guard(training(step_kwh=100.0))
    assert guarded(optuna.trial.FixedTrial({})) == 0.25  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [math.nan, -1.0, "1", None])
def test_unusable_energy_is_refused(bad: object) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", bad)
        return 0.0

    with pytest.raises(
        ValueError, match="`energy_kwh` must be a finite number of kWh, zero or more, but got"
    ):
        new_study().optimize(EnergyBudget(1.0).guard(objective), n_trials=1)


def test_falling_energy_is_refused() -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 0.5)
        trial.set_user_attr("energy_kwh", 0.4)
        return 0.0

    with pytest.raises(ValueError, match=r"cumulative and must not fall, but trial 0 went from"):
        new_study().optimize(EnergyBudget(1.0).guard(objective), n_trials=1)


def test_unknown_energy_of_foreign_trials_does_not_poison_the_sum() -> None:
    study = new_study()
    for value in (math.nan, None, "much", -3.0, 2.0):
        study.add_trial(optuna.create_trial(value=0.0, user_attrs={"energy_kwh": value}))
    assert EnergyBudget(10.0, count_added=True).spent_kwh(study) == 2.0


# --- failures, retries, resume -----------------------------------------------------------------


def test_failed_trials_keep_what_they_burnt() -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 2.0)
        raise RuntimeError("out of memory")

    study, budget = new_study(), EnergyBudget(5.0)
    study.optimize(budget.guard(objective), catch=(RuntimeError,))
    assert energies(study) == [2.0, 2.0, 2.0]
    assert {t.state for t in study.trials} == {TrialState.FAIL}


def dead_trial(study: optuna.Study, budget: EnergyBudget, energy_kwh: float) -> int:
    """A trial whose worker vanishes after reporting."""
    trial = study.ask()
    budget.start(trial, expected_kwh=4.0)
    budget.report(trial, energy_kwh=energy_kwh, next_step_kwh=1.0)
    return trial.number


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_retry_starts_from_zero_and_nothing_counts_twice() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    dead = dead_trial(study, budget, 3.0)
    requeue(study, dead)
    assert study.trials[1].user_attrs["energy_kwh"] == 3.0  # copied by Optuna
    assert budget.spent_kwh(study) == 3.0  # waiting
    retry = study.ask()
    assert budget.spent_kwh(study) == 3.0  # running, not started
    budget.start(retry)
    assert study.trials[1].user_attrs["energy_kwh"] == 0.0
    budget.report(retry, energy_kwh=3.0)
    assert budget.spent_kwh(study) == 6.0  # as much again is counted again
    study.tell(retry, 0.0)
    assert budget.spent_kwh(study) == 6.0
    assert EnergyBudget(10.0).spent_kwh(study) == 6.0


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_retry_that_fails_before_it_starts_counts_once() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    dead = dead_trial(study, budget, 3.0)
    requeue(study, dead)
    study.tell(study.ask(), state=TrialState.FAIL)
    assert budget.spent_kwh(study) == 3.0


def test_lease_of_a_dead_worker_lapses() -> None:
    study, budget = new_study(), EnergyBudget(10.0, lease_s=60.0)
    now = [1000.0]
    budget._rules.clock = lambda: now[0]
    dead_trial(study, budget, 1.0)
    assert budget.balance(study).reserved_kwh == 3.0
    now[0] += 59.0
    assert budget.balance(study).reserved_kwh == 3.0
    now[0] += 2.0
    assert budget.balance(study).reserved_kwh == 0.0
    assert budget.spent_kwh(study) == 1.0  # what it burnt stays


def test_report_renews_the_lease() -> None:
    study, budget = new_study(), EnergyBudget(10.0, lease_s=60.0)
    now = [1000.0]
    budget._rules.clock = lambda: now[0]
    trial = study.ask()
    budget.start(trial, expected_kwh=4.0)
    for _ in range(5):
        now[0] += 50.0
        budget.report(trial, energy_kwh=1.0)
        assert budget.balance(study).reserved_kwh == 3.0


def test_resume_with_a_larger_cap(tmp_path: Any) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    first = EnergyBudget(6.0)
    study = new_study(storage=storage, study_name="resumed")
    study.optimize(first.guard(training()), callbacks=[first])
    assert energies(study) == [4.0, 2.0]
    again = EnergyBudget(6.0)
    study = optuna.load_study(study_name="resumed", storage=storage)
    study.optimize(again.guard(training()))
    assert energies(study) == [4.0, 2.0, 0.0]  # nothing left: a trial is asked and ended
    larger = EnergyBudget(12.0)
    study.optimize(larger.guard(training()), callbacks=[larger])
    assert energies(study) == [4.0, 2.0, 0.0, 4.0, 2.0]
    assert study.user_attrs["energy_cap_kwh"] == 12.0


# --- admission ---------------------------------------------------------------------------------


def test_reservations_of_earlier_trials_bind() -> None:
    study, budget = new_study(), EnergyBudget(10.0, shortfall="skip")
    one, two, three = study.ask(), study.ask(), study.ask()
    assert budget.start(one, expected_kwh=6.0)
    assert not budget.start(two, expected_kwh=5.0)
    assert budget.start(three, expected_kwh=4.0)  # what trial 1 could not have is free again
    assert study.trials[1].user_attrs["energy_stopped"] == {
        "by": "no_room",
        "needed_kwh": 5.0,
        "available_kwh": 4.0,
        "spent_kwh": 0.0,
        "cap_kwh": 10.0,
    }


def test_truncate_starts_all_the_same() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    assert budget.start(study.ask(), expected_kwh=6.0)
    assert budget.start(study.ask(), expected_kwh=5.0)


def test_a_slower_worker_that_reserves_late_goes_first() -> None:
    study, budget = new_study(), EnergyBudget(10.0, shortfall="skip")
    one, two = study.ask(), study.ask()
    assert budget.start(two, expected_kwh=6.0)
    assert budget.start(one, expected_kwh=6.0)  # the smaller number, though later
    assert budget.report(two, energy_kwh=1.0)  # gives way at its next report
    assert not budget.report(one, energy_kwh=1.0)


def test_skip_stops_when_nothing_fits() -> None:
    study = new_study()
    budget = EnergyBudget(10.0, shortfall="skip", reserve=4.0)
    study.optimize(budget.guard(training(foresight=False)), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 0.0]
    assert budget.exhausted(study)


def test_skip_goes_on_while_cheaper_trials_may_come() -> None:
    study = new_study()
    budget = EnergyBudget(10.0, shortfall="skip")
    sizes = iter([1.0, 1.0, 1.0, 0.5])

    def objective(trial: optuna.Trial) -> float:
        return training(next(sizes))(trial)

    study.optimize(budget.guard(objective), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"reserve": 3.0}, 3.0),
        ({"reserve": lambda study, trial: 2.0 + trial.number}, 4.0),
        ({"reserve": None}, 0.0),
        ({"trial_limit_kwh": 1.5}, 1.5),
        ({}, 4.0),  # the median of the two trials that have finished
    ],
)
def test_default_reservation(options: dict[str, Any], expected: float) -> None:
    study = new_study()
    for energy_kwh in (3.0, 4.0):
        study.add_trial(optuna.create_trial(value=0.0, user_attrs={"energy_kwh": energy_kwh}))
    budget = EnergyBudget(100.0, **options)
    budget.start(study.ask())
    assert budget.balance(study).reserved_kwh == expected


def test_reservation_from_the_pruner() -> None:
    from eahas_plugins.optuna.pruners import EnergyHyperbandPruner

    study = new_study(pruner=EnergyHyperbandPruner(min_kwh=0.1, max_kwh=2.0))
    budget = EnergyBudget(100.0)
    budget.start(study.ask())
    assert budget.balance(study).reserved_kwh == 2.0


# --- ask and tell ------------------------------------------------------------------------------


def test_ask_and_tell() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    while not budget.exhausted(study):
        trial = study.ask()
        if not budget.start(trial, expected_kwh=4.0, next_step_kwh=1.0):
            study.tell(trial, state=TrialState.PRUNED)
            continue
        for step in range(1, 5):
            coming = 0.0 if step == 4 else 1.0
            if budget.report(trial, energy_kwh=float(step), next_step_kwh=coming):
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            study.tell(trial, 0.0)
    assert energies(study) == [4.0, 4.0, 2.0]


def test_report_of_a_trial_started_elsewhere() -> None:
    study = new_study()
    trial = study.ask()
    EnergyBudget(10.0).start(trial, expected_kwh=4.0)
    other = EnergyBudget(10.0)
    assert not other.report(trial, energy_kwh=9.0)
    assert other.report(trial, energy_kwh=10.0)


# --- gain ---------------------------------------------------------------------------------------


def test_study_stops_when_gains_dry_up() -> None:
    values = iter([0.5, 0.4, 0.3, 0.299, 0.2985, 0.298, 0.1])

    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 1.0)
        return next(values)

    study = new_study()
    budget = EnergyBudget(100.0, min_gain_per_kwh=0.01, gain_window_kwh=2.0)
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert len(study.trials) == 5  # 0.3 -> 0.2985 over the last 2 kWh


def test_gain_needs_one_objective() -> None:
    study = new_study(directions=["maximize", "minimize"])
    budget = EnergyBudget(100.0, min_gain_per_kwh=0.01)
    with pytest.raises(ValueError, match="needs a study with one objective"):
        study.optimize(budget.guard(lambda trial: (0.0, 0.0)), n_trials=1)


# --- threads, copies, progress ------------------------------------------------------------------


def test_threads_do_not_overspend() -> None:
    study, budget = new_study(), EnergyBudget(30.0)

    def objective(trial: optuna.Trial) -> float:
        return training(0.5 + trial.suggest_float("x", 0.0, 1.0))(trial)

    study.optimize(budget.guard(objective), callbacks=[budget], n_jobs=4)
    spent_kwh = sum(energies(study))
    assert 30.0 - 4 * 1.5 <= spent_kwh <= 30.0
    assert budget.spent_kwh(study) == pytest.approx(spent_kwh)


def test_pickling_and_copies_in_the_middle_of_a_study() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(training()), callbacks=[budget], n_trials=1)
    for twin in (pickle.loads(pickle.dumps(budget)), copy.deepcopy(budget)):
        assert twin.spent_kwh(study) == 4.0
        assert twin.cap_kwh == budget.cap_kwh
    twin.guard(training())(study.ask())
    assert budget.spent_kwh(study) == 8.0


def test_copied_study_has_its_own_account(tmp_path: Any) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    study, budget = new_study(study_name="one", storage=storage), EnergyBudget(10.0)
    study.optimize(budget.guard(training()), callbacks=[budget], n_trials=1)
    optuna.copy_study(
        from_study_name="one", from_storage=storage, to_storage=storage, to_study_name="two"
    )
    copied = optuna.load_study(study_name="two", storage=storage)
    assert budget.spent_kwh(copied) == 0.0  # another study's
    copied.optimize(budget.guard(training()), callbacks=[budget], n_trials=1)
    assert (budget.spent_kwh(copied), budget.spent_kwh(study)) == (4.0, 4.0)
    assert EnergyBudget(10.0, count_added=True).spent_kwh(copied) == 8.0


def test_live_attributes_during_a_trial() -> None:
    shown = []

    def objective(trial: optuna.Trial) -> float:
        shown.append(trial.study.user_attrs)
        return training()(trial)

    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(objective), callbacks=[budget], n_trials=2)
    assert shown[1] == {
        "energy_cap_kwh": 10.0,
        "energy_spent_kwh": 4.0,
        "energy_remaining_kwh": 6.0,
        "energy_reserved_kwh": 0.0,
    }


def test_progress_bar_in_kwh(capsys: pytest.CaptureFixture[str]) -> None:
    study, budget = new_study(), EnergyBudget(10.0, show_progress=True)
    study.optimize(budget.guard(training()), callbacks=[budget])
    assert "10 of 10 kWh" in capsys.readouterr().out
