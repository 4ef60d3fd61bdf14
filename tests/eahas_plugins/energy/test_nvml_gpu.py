"""Who computes on a GPU, whether it is cut into slices, and a driver that goes and comes back."""

from types import SimpleNamespace

import pytest

from eahas_plugins.energy import MeterError, NvmlMeter, between, nvml
from eahas_plugins.energy.nvml_gpu import NvmlGpu
from tests.eahas_plugins.energy.machines import Nvml, NvmlError


def asked(answer):
    class Driver(Nvml):
        def nvmlDeviceGetComputeRunningProcesses(self, handle):  # noqa: N802
            return answer()

    return NvmlGpu(Driver(1), 0, 0.0).users()


def raises(error):
    def answer():
        raise error

    return answer


def test_the_ids_of_their_processes():
    assert asked(lambda: [SimpleNamespace(pid=7), SimpleNamespace(pid=8)]) == {7, 8}
    assert asked(list) == frozenset()


@pytest.mark.parametrize(
    "error",
    [NvmlError("Unknown Error"), OSError("bus"), UnicodeDecodeError("utf-8", b"", 0, 1, "")],
)
def test_whatever_the_driver_does_it_is_no_reason_to_end(error):
    assert asked(raises(error)) is None
    assert NvmlGpu(Nvml(1), 0, 0.0).users() is None  # no such function


class ShutDown(Nvml):
    """A driver that answers while it is initialised, of GPUs whose handles are new each time."""

    n_inits = 0
    is_up = False

    def nvmlInit(self):  # noqa: N802
        self.n_inits += not self.is_up
        self.is_up = True

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        return super().nvmlDeviceGetHandleByUUID(uuid), self.n_inits

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):  # noqa: N802
        index, since = handle if isinstance(handle, tuple) else (handle, 1)
        if not self.is_up or since != self.n_inits:
            raise NvmlError("Uninitialized")
        return super().nvmlDeviceGetTotalEnergyConsumption(index)


def test_a_driver_that_somebody_else_has_shut_down_is_started_again():
    driver = ShutDown(2)
    meter = NvmlMeter(nvml=driver)
    for joules in (2.0, 4.0):
        before = meter.read()
        driver.is_up = False
        driver.mj[0] += 1_000
        with pytest.raises(MeterError, match="Uninitialized"):
            meter.read()
        driver.mj[1] += 1_000
        after = meter.read()
        assert 3.6e6 * between(before, after).energy_kwh == pytest.approx(2.0)
        assert 3.6e6 * after.energy_kwh == pytest.approx(joules)


@pytest.mark.parametrize(("mode", "told"), [([1, 1], True), ([0, 1], False), (None, False)])
def test_a_gpu_that_is_cut_into_slices_is_said(mode, told, caplog, monkeypatch):
    monkeypatch.setattr(nvml._log, "disabled", False)

    class Driver(Nvml):
        def nvmlDeviceGetMigMode(self, handle):  # noqa: N802
            if mode is None:
                raise NvmlError("Not Supported")
            return mode

    NvmlMeter(nvml=Driver(1))
    assert ("A100 GPU-0 is cut into slices (MIG)" in caplog.text) is told
