"""Decision tables for each pruner, and one contract for all of them."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.pruners import BasePruner, NopPruner, ThresholdPruner
from optuna.trial import TrialState

from eahas_plugins.optuna.pruners import (
    EnergyBudgetPruner,
    EnergyHyperbandPruner,
    EnergySuccessiveHalvingPruner,
    MarginalGainPruner,
    ScheduleRelativePruner,
)
from tests.eahas_plugins.optuna.budget.budget_worker import requeue

Point = tuple[float, float]  # energy in kWh, value

PRUNERS: dict[str, Callable[[], BasePruner]] = {
    "successive_halving": lambda: EnergySuccessiveHalvingPruner(
        min_kwh=1.0, max_kwh=100.0, reduction_factor=2
    ),
    "hyperband": lambda: EnergyHyperbandPruner(min_kwh=1.0, max_kwh=2.0, reduction_factor=2),
    "limit": lambda: EnergyBudgetPruner(
        EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=100.0, reduction_factor=2),
        trial_limit_kwh=50.0,
    ),
    "schedule_relative": lambda: ScheduleRelativePruner(
        fidelity_param=None, keep=0.5, n_startup_trials=1
    ),
    "marginal_gain": lambda: MarginalGainPruner(min_kwh=1.0, n_startup_trials=1),
}


@pytest.fixture(autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def new_study(pruner: BasePruner, direction: str = "maximize", **options: Any) -> optuna.Study:
    options.setdefault("study_name", "pruned")
    return optuna.create_study(pruner=pruner, direction=direction, **options)


def run(
    study: optuna.Study,
    points: Sequence[tuple[float | None, float]],
    *,
    planned_kwh: float | None = 10.0,
    params: dict[str, int] | None = None,
    step_kwh: float | None = None,
) -> int | None:
    """Report points; the number of reports after which the trial was pruned, None if never."""
    trial = study.ask()
    for name, value in (params or {}).items():
        trial.suggest_int(name, value, value)
    if planned_kwh is not None:
        trial.set_user_attr("energy_reserved_kwh", planned_kwh)
    if step_kwh is not None:
        trial.set_user_attr("energy_step_kwh", step_kwh)
    for step, (energy_kwh, value) in enumerate(points, start=1):
        if energy_kwh is not None:
            trial.set_user_attr("energy_kwh", energy_kwh)
        trial.report(value, step)
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return step
    study.tell(trial, points[-1][1] if not math.isnan(points[-1][1]) else 0.0)
    return None


GOOD: list[Point] = [(2.5, 0.7), (5.0, 0.8), (9.9, 0.9)]
BAD: list[Point] = [(2.5, 0.1), (5.0, 0.1), (9.9, 0.1)]


# --- contract ------------------------------------------------------------------------------------


@pytest.fixture(params=PRUNERS)
def pruner(request: pytest.FixtureRequest) -> BasePruner:
    return PRUNERS[request.param]()


@pytest.fixture(params=["maximize", "minimize"])
def direction(request: pytest.FixtureRequest) -> str:
    return str(request.param)


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


# --- successive halving ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("min_kwh", "max_kwh", "factor", "rungs"),
    [
        (1.0, 243.0, 3, [1, 3, 9, 27, 81, 243]),  # floor(log) would lose the last
        (1.0, 100.0, 3, [1, 3, 9, 27, 81]),
        (1e-4, 1e-1, 10, [1e-4, 1e-3, 1e-2, 1e-1]),
        (1.0, 1.5, 2, [1]),
    ],
)
def test_rung_counts(min_kwh: float, max_kwh: float, factor: int, rungs: list[float]) -> None:
    pruner = EnergySuccessiveHalvingPruner(
        min_kwh=min_kwh, max_kwh=max_kwh, reduction_factor=factor
    )
    assert pruner.rungs_kwh == pytest.approx(rungs)


@pytest.mark.parametrize(
    ("others", "value", "pruned"),
    [
        ([], 0.5, False),  # the first is the best so far
        ([0.4], 0.5, False),
        ([0.6], 0.5, True),
        ([0.5], 0.5, False),  # a tie is no reason
        ([0.6, 0.4, 0.3], 0.5, True),  # one of four, factor 3
        ([0.6, 0.4, 0.3, 0.2, 0.1], 0.5, False),  # two of six
    ],
)
def test_successive_halving_at_a_rung(others: list[float], value: float, pruned: bool) -> None:
    pruner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0, reduction_factor=3)
    study = new_study(pruner)
    for other in sorted(others):  # each is promoted or pruned, all leave their value
        run(study, [(1.0, other)])
    assert (run(study, [(1.0, value)]) is not None) is pruned


def test_no_decision_between_rungs() -> None:
    pruner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0, reduction_factor=3)
    study = new_study(pruner)
    run(study, [(1.0, 0.9)])
    assert run(study, [(0.9, 0.1), (0.99, 0.1)]) is None
    assert run(study, [(1.0, 0.95), (1.5, 0.1), (2.9, 0.1)]) is None


def test_a_step_over_several_rungs_counts_at_each() -> None:
    pruner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0, reduction_factor=3)
    study = new_study(pruner)
    run(study, [(9.5, 0.5)])
    attrs = study.trials[0].system_attrs
    assert sorted(attrs) == ["energy_rung:0:1", "energy_rung:0:3", "energy_rung:0:9"]


@pytest.mark.parametrize(
    ("points", "step_kwh", "expected"),
    [
        ([(9.0, 0.5), (10.0, 0.6), (11.0, 0.7)], None, 2),
        ([(9.0, 0.5), (10.0, 0.6)], 1.5, 1),  # the next step would pass it
        ([(9.0, 0.5), (10.0, 0.6)], 1.0, 2),
    ],
)
def test_nobody_passes_max_kwh(points: list[Point], step_kwh: float | None, expected: int) -> None:
    pruner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0)
    assert run(new_study(pruner), points, step_kwh=step_kwh) == expected


def test_bootstrap() -> None:
    pruner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0, bootstrap_count=2)
    study = new_study(pruner)
    assert [run(study, [(1.0, value)]) for value in (0.1, 0.2, 0.3)] == [1, 1, None]


@pytest.mark.parametrize("kind", [EnergySuccessiveHalvingPruner, EnergyHyperbandPruner])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_kwh": 0.0}, "`min_kwh` must be a positive"),
        ({"min_kwh": math.nan}, "`min_kwh` must be a positive"),
        ({"max_kwh": math.inf}, "`max_kwh` must be a positive"),
        ({"max_kwh": 0.5}, "`max_kwh` must be larger"),
        ({"max_kwh": 1.0}, "`max_kwh` must be larger"),
        ({"reduction_factor": 1}, "`reduction_factor` must be at least 2"),
        ({"reduction_factor": math.nan}, "`reduction_factor` must be at least 2"),
        ({"bootstrap_count": -1}, "`bootstrap_count`"),
    ],
)
def test_rung_arguments(kind: Callable[..., BasePruner], arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**{"min_kwh": 1.0, "max_kwh": 10.0, **arguments})


@pytest.mark.parametrize("rate", [-1, 3])
def test_early_stopping_rate(rate: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 2"):
        EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0, min_early_stopping_rate=rate)


# --- hyperband ------------------------------------------------------------------------------------


def test_brackets_get_trials_in_proportion() -> None:
    pruner = EnergyHyperbandPruner(min_kwh=1.0, max_kwh=9.0, reduction_factor=3)
    study = new_study(pruner)
    counts = [0] * pruner.n_brackets
    for number in range(3000):
        trial = optuna.trial.create_trial(value=0.0)
        trial.number = number
        counts[pruner.bracket_of(study, trial)] += 1
    assert [round(count / 3000, 1) for count in counts] == [0.5, 0.3, 0.2]  # 9 : 5 : 3


def test_bracket_depends_on_name_and_number_alone() -> None:
    pruner = EnergyHyperbandPruner(min_kwh=1.0, max_kwh=9.0)
    twin = EnergyHyperbandPruner(min_kwh=1.0, max_kwh=9.0)
    one, other = new_study(pruner), new_study(twin, study_name="another")
    trials = []
    for number in range(50):
        trial = optuna.trial.create_trial(value=0.0)
        trial.number = number
        trials.append(trial)
    brackets = [pruner.bracket_of(one, t) for t in trials]
    assert brackets == [twin.bracket_of(one, t) for t in trials]
    assert brackets != [twin.bracket_of(other, t) for t in trials]


def test_brackets_compare_among_themselves() -> None:
    pruner = EnergyHyperbandPruner(min_kwh=1.0, max_kwh=10.0)
    study = new_study(pruner)
    for value in range(40):
        run(study, [(9.5, float(value))])
    keys = {key for t in study.trials for key in t.system_attrs}
    assert keys == {
        "energy_rung:0:1",
        "energy_rung:0:3",
        "energy_rung:0:9",
        "energy_rung:1:3",
        "energy_rung:1:9",
        "energy_rung:2:9",
    }
    for trial in study.trials:
        bracket = pruner.bracket_of(study, trial)
        assert all(key.startswith(f"energy_rung:{bracket}:") for key in trial.system_attrs)


# --- limit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("energy", "step", "pruned"),
    [(2.9, None, False), (3.0, None, True), (2.0, 1.0, False), (2.1, 1.0, True), (0.0, 9.0, False)],
)
def test_limit(energy: float, step: float | None, pruned: bool) -> None:
    study = new_study(EnergyBudgetPruner(trial_limit_kwh=3.0))
    assert (run(study, [(energy, 0.5)], step_kwh=step) is not None) is pruned


def test_limit_asks_the_wrapped_pruner() -> None:
    study = new_study(EnergyBudgetPruner(ThresholdPruner(lower=0.2), trial_limit_kwh=3.0))
    assert run(study, [(1.0, 0.1)]) == 1
    assert run(study, [(1.0, 0.5), (3.5, 0.5)]) == 2


def test_limit_tells_the_lower_of_two() -> None:
    inner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0)
    assert EnergyBudgetPruner(inner, trial_limit_kwh=30.0).max_kwh == 10.0
    assert EnergyBudgetPruner(inner, trial_limit_kwh=3.0).max_kwh == 3.0
    assert EnergyBudgetPruner(NopPruner(), trial_limit_kwh=3.0).max_kwh == 3.0


def test_limit_arguments() -> None:
    with pytest.raises(ValueError, match="`trial_limit_kwh`"):
        EnergyBudgetPruner(trial_limit_kwh=math.nan)
    with pytest.raises(TypeError, match="must be a pruner"):
        EnergyBudgetPruner("median", trial_limit_kwh=1.0)  # type: ignore[arg-type]


# --- schedule -------------------------------------------------------------------------------------


def epochs(values: Sequence[float]) -> list[Point]:
    return [(1e-6 * step, value) for step, value in enumerate(values, start=1)]


def test_schedules_of_different_length_meet_at_their_fractions() -> None:
    pruner = ScheduleRelativePruner(fractions=(0.5,), keep=0.5, n_startup_trials=1)
    study = new_study(pruner)
    assert run(study, epochs([0.1, 0.5, 0.6, 0.7]), params={"max_epoch": 4}) is None
    long = [0.1, 0.2, 0.3, 0.4, 0.9, 0.9, 0.9, 0.9]  # behind at its own half
    assert run(study, epochs(long), params={"max_epoch": 8}) == 4
    long[3] = 0.6
    assert run(study, epochs(long), params={"max_epoch": 8}) is None


def test_same_schedule_only() -> None:
    pruner = ScheduleRelativePruner(
        fractions=(0.5,), keep=0.5, n_startup_trials=1, same_schedule=True
    )
    study = new_study(pruner)
    run(study, epochs([0.9] * 4), params={"max_epoch": 4})
    assert run(study, epochs([0.1] * 8), params={"max_epoch": 8}) is None
    assert run(study, epochs([0.05] * 8), params={"max_epoch": 8}) == 4


@pytest.mark.parametrize(("first_step", "expected"), [(1, 5), (0, 4)])
def test_first_step(first_step: int, expected: int) -> None:
    pruner = ScheduleRelativePruner(
        fractions=(0.5,), keep=0.5, n_startup_trials=1, first_step=first_step
    )
    study = new_study(pruner)
    run(study, epochs([0.9] * 10), params={"max_epoch": 10})
    assert run(study, epochs([0.1] * 10), params={"max_epoch": 10}) == expected


def test_schedule_needs_enough_others() -> None:
    pruner = ScheduleRelativePruner(fractions=(0.5,), keep=0.4, n_startup_trials=3)
    study = new_study(pruner)
    falling = [0.9, 0.8, 0.7, 0.6]
    ends = [run(study, epochs([v] * 4), params={"max_epoch": 4}) for v in falling]
    assert ends == [None, None, None, 2]


@pytest.mark.parametrize("keep", [0.3, 0.5])
def test_share_kept(keep: float) -> None:
    pruner = ScheduleRelativePruner(fractions=(0.5,), keep=keep, n_startup_trials=9)
    study = new_study(pruner)
    for value in range(9):
        run(study, epochs([float(value)] * 2), params={"max_epoch": 2})
    worst_kept = 10 - round(10 * keep)  # of 0..8 and itself
    assert run(study, epochs([worst_kept - 0.5] * 2), params={"max_epoch": 2}) is None
    assert run(study, epochs([worst_kept - 2.5] * 2), params={"max_epoch": 2}) == 1


@pytest.mark.parametrize("planned", ["long", True, 0, math.nan])
def test_unusable_schedule_falls_back_on_energy(planned: Any) -> None:
    pruner = ScheduleRelativePruner(fractions=(0.5,), keep=0.5, n_startup_trials=1)
    study = new_study(pruner)
    run(study, [(5.0, 0.9)], planned_kwh=10.0)
    trial = study.ask()
    trial.suggest_categorical("max_epoch", [planned])
    trial.set_user_attr("energy_reserved_kwh", 100.0)
    trial.set_user_attr("energy_kwh", 49.0)
    trial.report(0.1, 1)
    assert not trial.should_prune()
    trial.set_user_attr("energy_kwh", 50.0)
    trial.report(0.1, 2)
    assert trial.should_prune()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fractions": ()}, "`fractions` must rise"),
        ({"fractions": (0.5, 0.25)}, "`fractions` must rise"),
        ({"fractions": (0.0, 0.5)}, "`fractions` must rise"),
        ({"fractions": (0.5, 1.0)}, "`fractions` must rise"),
        ({"fractions": (math.nan,)}, "`fractions` must rise"),
        ({"keep": 0.0}, "`keep`"),
        ({"keep": math.nan}, "`keep`"),
        ({"n_startup_trials": -1}, "`n_startup_trials`"),
        ({"first_step": 2}, "`first_step`"),
    ],
)
def test_schedule_arguments(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScheduleRelativePruner(**arguments)


# --- marginal gain --------------------------------------------------------------------------------


def study_with_history(pruner: BasePruner, direction: str = "maximize") -> optuna.Study:
    """Ten kWh in five trials; over the latest six the best value rose from 0.6 to 0.8."""
    study = new_study(pruner, direction)
    for value in (0.5, 0.6, 0.7, 0.75, 0.8):
        signed_value = value if direction == "maximize" else -value
        study.add_trial(optuna.create_trial(value=signed_value, user_attrs={"energy_kwh": 2.0}))
    return study


@pytest.mark.parametrize(
    ("points", "planned", "expected"),
    [
        ([(1.0, 0.6), (2.0, 0.8)], 8.0, None),  # would end at 1.2: 0.4 in 6 kWh, elsewhere 0.2
        ([(1.0, 0.6), (2.0, 0.61)], 8.0, 2),  # would end at 0.63 < 0.8
        ([(1.0, 0.7), (2.0, 0.74)], 8.0, 2),  # 0.82: gains 0.02 in 6 kWh, less than elsewhere
        ([(1.0, 0.6), (1.9, 0.1)], 8.0, None),  # not doubled yet
        ([(0.5, 0.6), (0.9, 0.1)], 8.0, None),  # below the first look
        ([(1.0, 0.6), (8.0, 0.1)], 8.0, None),  # done: nothing left to save
        ([(1.0, 0.9), (2.0, 0.85)], 8.0, 2),  # falling: 0.05 above the best in 6 kWh
    ],
)
def test_marginal_gain(points: list[Point], planned: float, expected: int | None) -> None:
    study = study_with_history(MarginalGainPruner(min_kwh=1.0))
    assert run(study, points, planned_kwh=planned) == expected


def test_marginal_gain_without_a_plan_looks_at_the_dearest_trial() -> None:
    study = study_with_history(MarginalGainPruner(min_kwh=0.5))
    assert run(study, [(0.5, 0.6), (1.0, 0.61)], planned_kwh=None) == 2
    study = study_with_history(MarginalGainPruner(min_kwh=0.5))
    assert run(study, [(1.0, 0.6), (2.0, 0.61)], planned_kwh=None) is None  # as dear as they get


def test_strictness() -> None:
    points = [(1.0, 0.7), (2.0, 0.74)]
    study = study_with_history(MarginalGainPruner(min_kwh=1.0, strictness=0.0))
    assert run(study, points, planned_kwh=8.0) is None
    study = study_with_history(MarginalGainPruner(min_kwh=1.0, strictness=1.0))
    assert run(study, points, planned_kwh=8.0) == 2


def test_marginal_gain_needs_complete_trials() -> None:
    study = study_with_history(MarginalGainPruner(min_kwh=1.0, n_startup_trials=6))
    assert run(study, [(1.0, 0.1), (2.0, 0.1)]) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_kwh": 0.0}, "`min_kwh`"),
        ({"n_startup_trials": 0}, "`n_startup_trials`"),
        ({"window": 0.0}, "`window`"),
        ({"window": math.nan}, "`window`"),
        ({"strictness": -1.0}, "`strictness`"),
        ({"strictness": math.inf}, "`strictness`"),
    ],
)
def test_marginal_gain_arguments(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MarginalGainPruner(**{"min_kwh": 1.0, **arguments})
