from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import Configuration, ConfigurationSpace, Float
from smac import Scenario
from smac.runhistory import StatusType

from eahas_plugins.budget.entries import Grant
from eahas_plugins.energy import CpuTimeMeter, MeterError
from eahas_plugins.smac import (
    EnergyJournal,
    EnergyMultiFidelityFacade,
    EnergyTarget,
    EnergyTraining,
    ScheduleIntensifier,
)
from tests.eahas_plugins.meters import Counter
from tests.eahas_plugins.smac.helpers import multi_fidelity

SPACE = ConfigurationSpace()
SPACE.add(Float("lr", (0.0, 1.0)))


Train = Callable[[dict[str, Any], EnergyTraining], float | None]


def trainer(meter: Counter, *, saves: bool, fails_at: int | None = None) -> Train:
    """1 kWh per epoch, 20 epochs; the checkpoint is the number of epochs."""

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        state = training.checkpoint / "epochs.json"
        done = json.loads(state.read_text()) if state.exists() else 0
        for epoch in range(done + 1, 21):
            if epoch == fails_at:
                meter.energy_kwh += 0.5
                raise RuntimeError("diverged")
            meter.energy_kwh += 1.0
            if saves:
                state.write_text(json.dumps(epoch))
            if training.report(1.0 - 1.0 / (epoch + 1)):
                return

    return train


def configuration(lr: float = 0.5) -> Configuration:
    return Configuration(SPACE, {"lr": lr})


def test_a_rung_is_trained_until_its_energy_is_spent(tmp_path: Path) -> None:
    meter = Counter()
    target = EnergyTarget(trainer(meter, saves=True), meter, checkpoints=tmp_path)
    cost, info = target(configuration(), budget=3.0)
    assert cost == pytest.approx(1.0 / 4.0)
    assert (info["energy_kwh"], info["training_energy_kwh"], info["epochs"]) == (3.0, 3.0, 3)
    assert (info["meter"], info["energy_kind"], info["resumed"]) == ("counter", "measured", False)


def test_a_promotion_goes_on_from_the_checkpoint_and_pays_the_rest(tmp_path: Path) -> None:
    meter = Counter()
    target = EnergyTarget(trainer(meter, saves=True), meter, checkpoints=tmp_path)
    target(configuration(), budget=3.0)
    estimate = target.estimate(configuration(), seed=0, budget=9.0, paid_kwh=0.0)
    assert estimate.total_kwh == 6.0
    cost, info = target(configuration(), budget=9.0)
    assert cost == pytest.approx(1.0 / 10.0)
    assert (info["energy_kwh"], info["training_energy_kwh"], info["epochs"]) == (6.0, 9.0, 9)
    assert info["resumed"] is True


def test_another_configuration_or_seed_starts_from_zero(tmp_path: Path) -> None:
    meter = Counter()
    target = EnergyTarget(trainer(meter, saves=True), meter, checkpoints=tmp_path)
    target(configuration(), budget=3.0)
    assert target(configuration(0.6), budget=3.0)[1]["resumed"] is False
    assert target(configuration(), seed=1, budget=3.0)[1]["resumed"] is False


def test_without_a_checkpoint_the_whole_retraining_is_charged(tmp_path: Path) -> None:
    meter = Counter()
    target = EnergyTarget(trainer(meter, saves=False), meter, checkpoints=tmp_path)
    target(configuration(), budget=3.0)
    assert target.estimate(configuration(), seed=0, budget=9.0, paid_kwh=3.0).total_kwh == 9.0
    _, info = target(configuration(), budget=9.0)
    assert (info["energy_kwh"], info["training_energy_kwh"], info["epochs"]) == (9.0, 9.0, 9)
    assert info["resumed"] is False


def test_a_budget_in_epochs(tmp_path: Path) -> None:
    meter = Counter()
    target = EnergyTarget(
        trainer(meter, saves=True), meter, fidelity="continue", checkpoints=tmp_path
    )
    assert target(configuration(), budget=4)[1]["epochs"] == 4
    assert target(configuration(), budget=12)[1]["energy_kwh"] == 8.0
    assert target.estimate(configuration(), seed=0, budget=4, paid_kwh=0.0).total_kwh is None


def test_a_part_of_an_epoch_is_no_budget_to_pause_at(tmp_path: Path) -> None:
    meter = Counter()
    target = EnergyTarget(
        trainer(meter, saves=True), meter, fidelity="continue", checkpoints=tmp_path
    )
    with pytest.raises(ValueError, match=r"budget must be at least 1 .* but got 0\.1"):
        target(configuration(), budget=0.1)


def test_the_account_stops_it(tmp_path: Path) -> None:
    meter = Counter()
    target = EnergyTarget(trainer(meter, saves=True), meter, checkpoints=tmp_path / "c")
    journal = EnergyJournal(tmp_path / "j")
    grant = Grant(number=0, trial=(1, None, 0, None), cap_kwh=5.0)
    _, info = target(configuration(), budget=None, attempt=journal.open(grant))
    assert (info["epochs"], info["truncated"]) == (5, True)
    assert journal.balance(5.0).spent_kwh == 5.0


def test_a_training_that_fails_is_charged_to_the_end(tmp_path: Path) -> None:
    meter = Counter()
    target = EnergyTarget(trainer(meter, saves=True, fails_at=4), meter, checkpoints=tmp_path / "c")
    journal = EnergyJournal(tmp_path / "j")
    grant = Grant(number=0, trial=(1, None, 0, None), cap_kwh=50.0)
    with pytest.raises(RuntimeError, match="diverged"):
        target(configuration(), attempt=journal.open(grant))
    assert journal.balance(50.0).spent_kwh == 3.5  # the half epoch too


def test_the_heartbeat_charges_a_long_epoch_before_it_ends(tmp_path: Path) -> None:
    meter = Counter()
    journal = EnergyJournal(tmp_path / "j")
    seen = []

    def train(config: dict[str, Any], training: EnergyTraining) -> float:
        meter.energy_kwh += 2.0
        deadline = time.monotonic() + 60.0
        while journal.balance(50.0).spent_kwh < 2.0 and time.monotonic() < deadline:
            time.sleep(0.01)
        seen.append(journal.balance(50.0).spent_kwh)
        return 0.9

    target = EnergyTarget(
        train, meter, metric="accuracy", checkpoints=tmp_path / "c", heartbeat_s=0.01
    )
    grant = Grant(number=0, trial=(1, None, 0, None), cap_kwh=50.0)
    target(configuration(), attempt=journal.open(grant))
    assert seen == [2.0]


def test_outside_the_facades_nothing_is_kept() -> None:
    meter = Counter()
    target = EnergyTarget(trainer(meter, saves=True), meter)
    target(configuration(), budget=3.0)
    assert target(configuration(), budget=9.0)[1]["energy_kwh"] == 9.0


def test_a_facade_promotes_from_checkpoints_and_keeps_its_budget(tmp_path: Path) -> None:
    meter = Counter()
    target = EnergyTarget(trainer(meter, saves=True), meter)
    scenario = Scenario(
        SPACE,
        name="run",
        output_directory=tmp_path,
        min_budget=2.0,
        max_budget=18.0,
        deterministic=True,
        n_trials=1000,
    )
    facade = multi_fidelity(
        tmp_path, budget_kwh=60.0, target=target, scenario=scenario, n_startup_trials=100
    )
    facade.optimize()
    values = list(facade.runhistory.values())
    assert any(v.additional_info["resumed"] for v in values)
    assert {v.status for v in values} == {StatusType.SUCCESS}
    assert facade.spent_kwh == pytest.approx(meter.energy_kwh - 100.0)  # to the last watt-hour
    assert 60.0 <= facade.spent_kwh <= 61.0  # the next step is not known: one step at most


def test_the_estimating_meter_says_so_and_travels_to_workers(tmp_path: Path) -> None:
    target = EnergyTarget(
        working,
        CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0),
        metric="accuracy",
        checkpoints=tmp_path,
    )
    _, info = pickle.loads(pickle.dumps(target))(configuration())
    assert info["energy_kind"] == "estimated"
    assert info["energy_kwh"] > 0.0


def test_the_best_meter_of_the_machine_is_found(tmp_path: Path) -> None:
    _, info = EnergyTarget(busy, metric="accuracy", checkpoints=tmp_path)(configuration())
    assert info["energy_kwh"] > 0.0
    assert info["energy_kind"] in ("measured", "estimated")


def busy(config: dict[str, Any], training: EnergyTraining) -> float:
    end_s = time.process_time() + 0.05
    while time.process_time() < end_s:
        sum(range(10_000))
    return 0.5


def working(config: dict[str, Any], training: EnergyTraining) -> float:
    sum(range(100_000))
    return 0.5


def test_a_meter_that_counts_nothing_is_an_error(tmp_path: Path) -> None:
    target = EnergyTarget(
        lambda config, training: 0.5, Counter(), metric="accuracy", checkpoints=tmp_path
    )
    with pytest.raises(MeterError, match="must grow"):
        target(configuration())


def test_a_training_without_accuracy_is_an_error(tmp_path: Path) -> None:
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        meter.energy_kwh += 1.0

    with pytest.raises(ValueError, match="must report or return its accuracy"):
        EnergyTarget(train, meter, checkpoints=tmp_path)(configuration())


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"fidelity": "cut"}, "fidelity must be 'kwh', 'continue' or 'schedule'"),
        ({"heartbeat_s": 0.0}, "heartbeat_s must be positive"),
        ({"heartbeat_s": float("nan")}, "heartbeat_s must be positive"),
        ({"meter": "gpu"}, "meter must be 'auto' or an EnergyMeter"),
        ({"meter": Counter}, "make one, Counter"),
        ({"objectives": "loss"}, "objectives must be 'error' or"),
    ],
)
def test_arguments_are_checked(kwargs: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        EnergyTarget(working, **kwargs)


counter = Counter()


@pytest.mark.parametrize(("direction", "sign"), [("maximize", 1.0), ("minimize", -1.0)])
def test_complete_schedules_are_searched_by_the_recipe(
    tmp_path: Path, direction: Any, sign: float
) -> None:
    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        counter.energy_kwh += 1e-3 * config["n_steps"]
        value = (1.0 - abs(config["lr"] - 0.3)) * (1.0 - 1.0 / config["n_steps"])
        for _ in range(30):  # more reports than the schedule is long: it is not cut
            assert not training.report(sign * 100.0 * value)

    target = EnergyTarget(
        train,
        counter,
        fidelity="schedule",
        fidelity_param="n_steps",
        metric="score",
        direction=direction,
    )
    scenario = Scenario(
        SPACE, name="run", output_directory=tmp_path, min_budget=5, max_budget=20,
        deterministic=True, n_trials=999, crash_cost=100.0, seed=3,
    )  # fmt: skip
    host = EnergyMultiFidelityFacade(scenario, target, budget_kwh=0.4, logging_level=40)
    host.optimize()
    assert isinstance(host.intensifier, ScheduleIntensifier)
    assert {key.budget for key in host.runhistory} == {5.0, 20.0}
    energy = {key.budget: v.additional_info["energy_kwh"] for key, v in host.runhistory.items()}
    assert energy == {5.0: pytest.approx(5e-3), 20.0: pytest.approx(2e-2)}
    assert 0.38 <= host.spent_kwh <= 0.42
    best = host.best_config
    assert best is not None
    assert best["n_steps"] == 20
    assert abs(best["lr"] - 0.3) < 0.1


def test_a_schedule_needs_a_name_and_a_host_with_rungs() -> None:
    with pytest.raises(ValueError, match="fidelity_param must be given"):
        EnergyTarget(working, fidelity="schedule")
    with pytest.raises(ValueError, match="fidelity_param must be given"):
        EnergyTarget(working, fidelity_param="n_steps")
    target = EnergyTarget(working, fidelity="schedule", fidelity_param="n_steps")
    with pytest.raises(ValueError, match="needs a host with rungs"):
        target(configuration())
    clash = EnergyTarget(working, fidelity="schedule", fidelity_param="lr")
    with pytest.raises(ValueError, match="'lr' must not be in the space"):
        clash(configuration(), budget=5)
