import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.collection.energy_window import ClockWindow, CounterWindow
from eahas_plugins.energy import MeterError, Provenance, Reading

IDLE_WATTS = 60.0


class SimulatedGpu:
    """A GPU with a clock of its own (microseconds), whose counter moves every 0.1 s."""

    provenance = Provenance(kind="measured", meter="simulated", sampling="0.1 s", scope="machine")

    def __init__(self, update_us=100_000):
        self.update_us = update_us
        self.now_us = 37_000
        self.joules = self.shown_joules = 1e6
        self.pending_s = 0.0
        self.log = []

    def pass_time(self, seconds, watts=IDLE_WATTS):
        left_us = round(seconds * 1e6)
        while left_us > 0:
            step_us = min(left_us, self.update_us - self.now_us % self.update_us)
            self.joules += watts * step_us * 1e-6
            self.now_us += step_us
            left_us -= step_us
            if self.now_us % self.update_us == 0:
                self.shown_joules = self.joules

    def give_work(self, seconds):
        """The host goes on at once; the device works."""
        self.log.append("work")
        self.pending_s += seconds

    def synchronize(self, watts):
        self.log.append("wait")
        self.pass_time(self.pending_s, watts)
        self.pending_s = 0.0

    def read(self):
        self.log.append("read")
        self.pass_time(1e-4)
        energy_kwh = self.shown_joules / 3.6e6
        return Reading(
            energy_kwh=energy_kwh, monotonic_s=self.now_us * 1e-6, provenance=self.provenance
        )


def window_of(gpu, watts, window_s=2.0):
    return CounterWindow(
        gpu,
        synchronize=lambda: gpu.synchronize(watts),
        window_s=window_s,
        sleep=lambda seconds: gpu.pass_time(seconds),
    )


@given(seconds=st.floats(0.02, 5.0), watts=st.floats(70.0, 400.0))
@example(seconds=0.3, watts=200.0)
@settings(derandomize=True)
def test_short_work_is_measured_to_a_percent(seconds, watts):
    gpu = SimulatedGpu()
    window = window_of(gpu, watts)
    n = window.n_repeats(lambda: gpu.give_work(seconds))
    assert n * seconds >= 1.99
    _, cost = window.measure([lambda: gpu.give_work(seconds)] * n)
    assert cost.energy_kwh * 3.6e6 == pytest.approx(seconds * watts, rel=0.01)
    assert cost.wall_s == pytest.approx(seconds, rel=0.01)
    about = window.describe()
    assert about["static_watts"] == pytest.approx(IDLE_WATTS, rel=0.01)
    assert about["update_s"] == pytest.approx(0.1, rel=0.05)
    assert about["repeats"] == [n]


def test_the_device_is_warm_when_the_first_window_begins():
    gpu = SimulatedGpu()
    n = window_of(gpu, 200.0).n_repeats(lambda: gpu.give_work(0.1))
    last_read = len(gpu.log) - gpu.log[::-1].index("read")
    assert n == 20
    assert gpu.log[last_read:] == ["work"] * 5  # it rested while its static power was read


def test_two_readings_around_one_epoch_would_not_do():
    gpu = SimulatedGpu()
    gpu.pass_time(0.06)
    before = gpu.read()
    gpu.give_work(0.3)
    gpu.synchronize(200.0)
    counted = (gpu.read().energy_kwh - before.energy_kwh) * 3.6e6
    assert abs(counted / 60.0 - 1.0) > 0.05


def test_every_reading_waits_for_the_device():
    gpu = SimulatedGpu()
    window = window_of(gpu, 200.0)
    n = window.n_repeats(lambda: gpu.give_work(0.5))
    del gpu.log[:]
    window.measure([lambda: gpu.give_work(0.5)] * n)
    assert gpu.log[0] == "wait"
    last_work = len(gpu.log) - 1 - gpu.log[::-1].index("work")
    assert gpu.log[last_work + 1 : last_work + 3] == ["wait", "read"]


def test_the_last_of_equal_pieces_is_the_one_that_counts():
    gpu = SimulatedGpu()
    window = window_of(gpu, 200.0)
    window.n_repeats(lambda: gpu.give_work(0.5))

    def piece(name):
        gpu.give_work(0.5)
        return name

    assert window.measure([lambda: piece("copy"), lambda: piece("original")])[0] == "original"


def test_a_counter_that_stands_still_is_an_error():
    gpu = SimulatedGpu(update_us=10**8)
    window = window_of(gpu, 200.0)
    with pytest.raises(MeterError, match="stood still for 5 s"):
        window.n_repeats(lambda: gpu.give_work(0.5))


def test_work_below_the_static_power_is_an_error():
    gpu = SimulatedGpu()
    window = window_of(gpu, 200.0, window_s=0.2)
    window.n_repeats(lambda: gpu.give_work(0.2))
    window._static_watts = 1e6
    with pytest.raises(MeterError, match="nothing else runs on the device"):
        window.measure([lambda: gpu.give_work(0.01)])


def test_static_power_comes_first():
    gpu = SimulatedGpu()
    with pytest.raises(RuntimeError, match="ask n_repeats first"):
        window_of(gpu, 200.0).measure([lambda: None])
    with pytest.raises(ValueError, match="window_s must be positive"):
        window_of(gpu, 200.0, window_s=float("nan"))


def test_clocks_do_the_work_once_and_know_no_energy():
    done = []
    clocks = ClockWindow()
    assert clocks.n_repeats(lambda: done.append(1)) == 1
    assert not done
    result, cost = clocks.measure([lambda: sum(range(10_000))])
    assert result == 49995000
    assert cost.energy_kwh is None
    assert min(cost.cpu_s, cost.wall_s) > 0.0
