"""Inference on a machine that a test winds by hand."""

from __future__ import annotations

import itertools
import math

import optuna
import pytest

from eahas_plugins.energy import FakeMeter, MeterError, Provenance, Reading, measure_inference
from eahas_plugins.optuna import EnergyTracker

PASS_KWH, PASS_S = 2e-9, 0.004


class Machine:
    """A meter that shows its counter every ``step_s`` only, and passes that use energy."""

    def __init__(self, *, step_s: float = 0.0, kwh: tuple[float, ...] = (PASS_KWH,)) -> None:
        self.n_passes = 0
        self.seconds = 0.0
        self._each = itertools.cycle(kwh)
        self._kwh = 0.0
        self._shown = 0.0, 0.0
        self._step_s = step_s

    @property
    def provenance(self) -> Provenance:
        return Provenance(
            kind="measured",
            meter="steps",
            sampling="by hand",
            scope="process",
            resolution_s=self._step_s,
        )

    def run(self) -> None:
        self.n_passes += 1
        self.seconds += PASS_S
        self._kwh += next(self._each)
        if self.seconds - self._shown[0] >= self._step_s:
            self._shown = self.seconds, self._kwh

    def clock(self) -> float:
        return self.seconds

    def read(self) -> Reading:
        return Reading(
            energy_kwh=self._shown[1], monotonic_s=self.seconds, provenance=self.provenance
        )


def test_energy_is_per_sample_and_latency_per_pass():
    machine = Machine()
    cost = measure_inference(machine.run, n_samples=32, meter=machine, clock=machine.clock)
    assert cost.energy_kwh == pytest.approx(PASS_KWH / 32)
    assert cost.low_kwh == pytest.approx(cost.high_kwh)
    assert cost.mwh_per_1000 == pytest.approx(PASS_KWH / 32 * 1e6 * 1e3)
    assert cost.latency_s == pytest.approx(PASS_S)
    assert cost.latency_p95_s == pytest.approx(PASS_S)
    assert cost.window_s == pytest.approx(cost.passes_per_window * PASS_S)
    assert cost.window_s >= 0.2
    assert cost.provenance == machine.provenance
    assert str(cost) == (
        "0.225 J per 1,000 samples (0.225 J to 0.225 J), 4 ms per pass of 32; measured by steps"
    )


def test_it_repeats_until_a_coarse_counter_resolves_it():
    machine = Machine(step_s=0.5)
    cost = measure_inference(machine.run, n_samples=1, meter=machine, clock=machine.clock)
    assert cost.window_s >= 5.0
    assert cost.energy_kwh == pytest.approx(PASS_KWH, rel=0.1)
    assert cost.low_kwh <= PASS_KWH * 1.1


def test_warm_up_is_not_counted():
    cold = Machine(kwh=(1.0,) * 7 + (PASS_KWH,) * 10**6)
    cost = measure_inference(cold.run, n_samples=1, meter=cold, warm_up=7, clock=cold.clock)
    assert cost.high_kwh == pytest.approx(PASS_KWH)


def test_the_interval_is_that_of_the_windows():
    # windows of 64 passes: each is dearer than the one before
    machine = Machine(kwh=tuple(PASS_KWH * (1.0 + 1e-4 * i) for i in range(2000)))
    cost = measure_inference(machine.run, n_samples=1, meter=machine, clock=machine.clock)
    assert cost.n_windows == 5
    step = 1e-4 * cost.passes_per_window * PASS_KWH
    assert cost.energy_kwh - cost.low_kwh == pytest.approx(2 * step, rel=1e-3)
    assert cost.high_kwh - cost.energy_kwh == pytest.approx(2 * step, rel=1e-3)
    more = measure_inference(
        machine.run, n_samples=1, meter=machine, n_windows=9, clock=machine.clock
    )
    step = 1e-4 * more.passes_per_window * PASS_KWH
    # of 9, the second smallest and the second largest hold the median with 96 %
    assert more.high_kwh - more.low_kwh == pytest.approx(6 * step, rel=1e-2)


def test_a_meter_that_does_not_move_says_so():
    machine = Machine(kwh=(0.0,))
    with pytest.raises(MeterError, match=r"'steps' counted nothing in .* s of inference"):
        measure_inference(machine.run, n_samples=1, meter=machine, clock=machine.clock)


class Hiccups(Machine):
    """It does not answer at some of its readings."""

    def __init__(self, at):
        super().__init__()
        self._at, self.n_readings = at, 0

    def read(self):
        self.n_readings += 1
        if self.n_readings in self._at:
            raise MeterError("no answer")
        return super().read()


@pytest.mark.parametrize("every", [3, 4, 7])
def test_single_readings_that_fail_are_made_up_for(every):
    machine = Hiccups(range(every, 10_000, every))
    cost = measure_inference(machine.run, n_samples=1, meter=machine, clock=machine.clock)
    assert cost.energy_kwh == pytest.approx(PASS_KWH)


def test_what_has_been_measured_stays_if_the_meter_is_lost_then():
    counts = Hiccups(())
    measure_inference(counts.run, n_samples=1, meter=counts, clock=counts.clock)
    machine = Hiccups({counts.n_readings})  # the last one gives the meter up
    machine.seconds = counts.seconds + 1.0  # not beside the other one
    cost = measure_inference(machine.run, n_samples=1, meter=machine, clock=machine.clock)
    assert cost.energy_kwh == pytest.approx(PASS_KWH)


def test_a_meter_that_is_lost_says_so():
    machine = Hiccups(range(6, 10_000))
    with pytest.raises(MeterError, match="no answer"):
        measure_inference(machine.run, n_samples=1, meter=machine, clock=machine.clock)


def test_a_clock_that_stands_still_does_not_hang():
    meter = FakeMeter()
    with pytest.raises(MeterError):
        measure_inference(lambda: None, n_samples=1, meter=meter, clock=lambda: 0.0)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"n_samples": 0}, "n_samples must be at least 1 but got 0"),
        ({"n_samples": math.nan}, "n_samples"),
        ({"n_samples": 1, "warm_up": -1}, "warm_up"),
        ({"n_samples": 1, "n_windows": 4}, "n_windows must be at least 5"),
    ],
)
def test_bad_arguments(how, message):
    machine = Machine()
    with pytest.raises(ValueError, match=message):
        measure_inference(machine.run, meter=machine, **how)
    assert not machine.n_passes


def test_an_unknown_name_of_a_meter_is_refused():
    with pytest.raises(ValueError, match="meter must be a meter or 'auto' but got 'rapl'"):
        measure_inference(lambda: None, n_samples=1, meter="rapl")


def test_in_a_trial_it_is_an_objective_and_the_trials_energy():
    machine = Machine()
    costs = []

    def objective(trial):
        width = trial.suggest_int("width", 1, 8)
        with EnergyTracker(trial, meter=machine) as energy:
            for _ in range(100):  # the training
                machine.run()
            costs.append(
                energy.measure_inference(machine.run, n_samples=width, clock=machine.clock)
            )
        return 1.0, costs[-1].energy_kwh

    study = optuna.create_study(directions=["maximize", "minimize"])
    study.optimize(objective, n_trials=2)
    for trial, cost in zip(study.trials, costs, strict=True):
        # not divided with the tracker around it, which is the same trial's
        assert cost.energy_kwh == pytest.approx(PASS_KWH / trial.params["width"])
        assert trial.user_attrs["energy_kwh"] > PASS_KWH * (100 + 5 * cost.passes_per_window)
    assert sum(t.user_attrs["energy_kwh"] for t in study.trials) == pytest.approx(
        PASS_KWH * machine.n_passes
    )


def test_outside_the_with_it_is_refused():
    tracker = EnergyTracker(optuna.trial.FixedTrial({}), meter=Machine())
    with pytest.raises(RuntimeError, match="not running"):
        tracker.measure_inference(lambda: None, n_samples=1)


def test_a_meter_whose_time_stands_still_ends_too():
    now = itertools.count()
    with pytest.raises(MeterError, match="counted nothing"):
        measure_inference(
            lambda: None, n_samples=1, meter=FakeMeter(), clock=lambda: float(next(now))
        )


@pytest.mark.parametrize("run", [None, 3, "model"])
def test_a_pass_is_a_function(run):
    with pytest.raises(ValueError, match="run must be a function"):
        measure_inference(run, n_samples=1, meter=FakeMeter())
