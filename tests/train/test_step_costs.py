import pytest

from benchmarks.collection.energy_window import WINDOW_S
from benchmarks.collection.training.step_costs import measure_piece
from tests.benchmarks.collection.test_energy_window import SimulatedGpu, window_of


@pytest.mark.parametrize(("window_s", "most_s"), [(WINDOW_S, 5.3), (0.3, 3.4)])
@pytest.mark.parametrize("step_s", [0.005, 0.05, 0.1])
def test_a_configuration_takes_as_long_as_is_said(window_s, most_s, step_s):
    gpu = SimulatedGpu()
    window = window_of(gpu, 300.0, window_s)
    began_us = gpu.now_us
    for seconds, n_windows in ((step_s, 2), (step_s / 4.0, 1), (0.002, 1)):
        piece = measure_piece(
            window, lambda seconds=seconds: gpu.give_work(seconds), images=1, n_windows=n_windows
        )
        assert piece.seconds == pytest.approx(seconds, rel=0.02)
        assert piece.joules == pytest.approx(300.0 * seconds, rel=0.02)
    assert (gpu.now_us - began_us) * 1e-6 < most_s
