import logging
import sys
import time
from types import SimpleNamespace

import pytest

from eahas_plugins.energy import MeterError, NvmlMeter, between, nvml, power
from tests.eahas_plugins.energy.machines import Nvml


class NvmlError(Exception):
    pass


class RecordedNvml:
    """The module ``pynvml``, answering from recorded values (millijoules)."""

    NVMLError = NvmlError

    def __init__(self, *counters_mj, driver=True):
        self.counters = [list(values) for values in counters_mj]
        self.driver = driver

    def nvmlInit(self):  # noqa: N802
        if not self.driver:
            raise NvmlError("NVML Shared Library Not Found")

    def nvmlDeviceGetCount(self):  # noqa: N802
        return len(self.counters)

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        if not 0 <= index < len(self.counters):
            raise NvmlError("Invalid Argument")
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        return int(uuid.removeprefix("GPU-"))

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return b"Tesla V100" if handle == 0 else "A100"  # old bindings give bytes

    def nvmlDeviceGetUUID(self, handle):  # noqa: N802
        return f"GPU-{handle}"

    def nvmlSystemGetDriverVersion(self):  # noqa: N802
        return "580.1"

    def nvmlDeviceGetPowerManagementLimit(self, handle):  # noqa: N802
        if handle == 1:
            raise NvmlError("Not Supported")
        return 250_000

    def nvmlDeviceGetComputeRunningProcesses(self, handle):  # noqa: N802
        if handle == 1:
            raise NvmlError("No Permission")
        return [SimpleNamespace(pid=17), SimpleNamespace(pid=18)]

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):  # noqa: N802
        if not self.counters[handle]:
            raise NvmlError("Not Supported")
        return self.counters[handle].pop(0)


@pytest.fixture(autouse=True)
def all_visible(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_energy_of_all_gpus():
    meter = NvmlMeter(nvml=RecordedNvml([1_000, 1_000, 4_600_000], [500, 500, 1_000_500]))
    measured = between(meter.read(), meter.read())
    assert measured.energy_kwh * 3.6e6 == pytest.approx(4_599.0 + 1_000.0)
    assert measured.parts_kwh == {"gpu": pytest.approx(measured.energy_kwh)}
    assert measured.provenance.kind == "measured"
    assert measured.provenance.scope == "machine"
    assert measured.provenance.devices == ("Tesla V100 GPU-0", "A100 GPU-1")


@pytest.mark.parametrize("visible", ["1", " 1 ", "GPU-1"])
def test_only_visible_gpus_are_counted(visible, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    meter = NvmlMeter(nvml=RecordedNvml([], [0, 0, 36_000]))
    measured = between(meter.read(), meter.read())
    assert measured.energy_kwh == pytest.approx(1e-5)
    assert measured.provenance.devices == ("A100 GPU-1",)


def test_a_record_can_say_which_gpu_it_was():
    meter = NvmlMeter([0], nvml=RecordedNvml([0], [0]))
    described = {"gpu": "Tesla V100", "driver": "580.1", "power_limit_watts": 250.0}
    assert meter.describe() == described
    assert meter.process_ids() == {17, 18}
    other = NvmlMeter([1], nvml=RecordedNvml([0], [0]))
    assert other.describe() == {"gpu": "A100", "driver": "580.1"}
    with pytest.raises(MeterError, match="who uses the GPU"):
        other.process_ids()


def test_clocks_temperature_and_power_are_told_as_far_as_they_can_be():
    nvml = Nvml(1)
    assert NvmlMeter([0], nvml=nvml).state() == {}
    nvml.milliwatts = [61_500]
    nvml.nvmlDeviceGetClockInfo = lambda handle, kind: {1: 1380, 2: 877}[kind]
    found = NvmlMeter([0], nvml=nvml).state()
    assert found == {"sm_clock_mhz": 1380.0, "memory_clock_mhz": 877.0, "watts": 61.5}


def test_named_gpus_go_before_visible_ones(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    meter = NvmlMeter([0], nvml=RecordedNvml([0], []))
    assert meter.provenance.devices == ("Tesla V100 GPU-0",)


@pytest.mark.parametrize("visible", ["", "-1", "5"])
def test_no_visible_gpu_raises(visible, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(MeterError, match="choose another meter"):
        NvmlMeter(nvml=RecordedNvml([0]))


def test_no_driver_raises_with_the_remedy():
    with pytest.raises(MeterError, match="nvidia-smi"):
        NvmlMeter(nvml=RecordedNvml(driver=False))


def test_a_gpu_before_volta_is_found_out_at_once():
    with pytest.raises(MeterError, match="before Volta"):
        NvmlMeter(nvml=RecordedNvml([]))


def test_a_slice_of_a_gpu_cannot_be_counted():
    with pytest.raises(MeterError, match="whole GPUs"):
        NvmlMeter(["MIG-0"], nvml=RecordedNvml([0]))


def test_a_counter_that_was_reset_is_noticed():
    meter = NvmlMeter(nvml=RecordedNvml([5_000, 6_000, 10]))
    meter.read()
    with pytest.raises(MeterError, match="reset"):
        meter.read()


def test_a_counter_that_stands_still_is_no_measurement():
    meter = NvmlMeter(nvml=RecordedNvml([7, 7, 7]))
    before = meter.read()
    with pytest.raises(MeterError, match="energy must grow"):
        between(before, meter.read())


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(ImportError, match=r"pip install 'eahas-plugins\[meters\]'"):
        NvmlMeter()


def test_after_one_error_a_counter_that_was_reset_goes_on_per_gpu():
    driver = Nvml(2)
    driver.mj[:] = [10_000, 900_000]
    meter = NvmlMeter(nvml=driver)
    before = meter.read()
    driver.mj[:] = [0, 950_000]
    with pytest.raises(MeterError, match=r"A100 GPU-0 was reset"):
        meter.read()
    driver.mj[:] = [1_000, 960_000]
    assert between(before, meter.read()).energy_kwh * 3.6e6 == pytest.approx(61.0)
    driver.mj[0] += 2_000
    assert between(before, meter.read()).energy_kwh * 3.6e6 == pytest.approx(63.0)


def test_a_gpu_that_is_named_twice_is_refused():
    for devices in ([0, 0], [1, "GPU-1"]):
        with pytest.raises(ValueError, match="each GPU once"):
            NvmlMeter(devices, nvml=Nvml(2))


UUIDS = ["GPU-aa11", "GPU-aa22", "GPU-bb33"]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("2,0", ["GPU-bb33", "GPU-aa11"]),
        ("GPU-b", ["GPU-bb33"]),
        ("GPU-aa2,GPU-bb", ["GPU-aa22", "GPU-bb33"]),
        ("0,-1,1", ["GPU-aa11"]),
        ("1,7,0", ["GPU-aa22"]),
        ("1,GPU-aa,0", ["GPU-aa22"]),  # the beginning of two
        ("1,nonsense,0", ["GPU-aa22"]),
        ("0,0,GPU-aa11,1", ["GPU-aa11", "GPU-aa22"]),
    ],
)
def test_visible_devices_are_read_as_cuda_does(visible, expected, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    meter = NvmlMeter(nvml=Nvml(3, uuids=UUIDS))
    assert meter.provenance.device_ids == tuple(f"gpu:{uuid}" for uuid in expected)


@pytest.mark.parametrize(
    ("names", "visible", "order", "warns"),
    [
        (["T4", "A100"], "0", None, True),
        (["T4", "A100"], "0", "FASTEST_FIRST", True),
        (["T4", "A100"], "0", "PCI_BUS_ID", False),
        (["A100", "A100"], "0", None, False),
        (["T4", "A100"], "GPU-1", None, False),
        (["T4", "A100"], None, None, False),
    ],
)
def test_numbers_by_speed_are_warned_about(names, visible, order, warns, monkeypatch, caplog):
    for name, value in (("CUDA_VISIBLE_DEVICES", visible), ("CUDA_DEVICE_ORDER", order)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(nvml._log, "disabled", False)
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        NvmlMeter(nvml=Nvml(2, names=names))
    assert ("CUDA_DEVICE_ORDER=PCI_BUS_ID" in caplog.text) is warns


def test_slices_of_a_gpu_are_named(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-aa")
    with pytest.raises(MeterError, match="slices of a GPU"):
        NvmlMeter(nvml=Nvml(1))


def test_power_is_summed_up_where_there_is_no_counter(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(power.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(power, "keep_reading", lambda *_: None)
    driver = Nvml(2, names=["GTX 1080", "A100"])
    driver.mj[0], driver.milliwatts[0] = None, 100_000
    meter = NvmlMeter(nvml=driver)
    before = meter.read()
    now[0] += 2.0
    driver.milliwatts[0] = 200_000
    driver.mj[1] += 50_000
    measured = between(before, meter.read())
    assert measured.energy_kwh * 3.6e6 == pytest.approx(2.0 * 150.0 + 50.0)
    assert measured.provenance.kind == "estimated"
    assert "nvmlDeviceGetPowerUsage" in measured.provenance.sampling


def test_power_is_sampled_between_readings():
    asked = []

    def watts():
        asked.append(time.monotonic())
        return 50.0

    integral = power.PowerIntegral(watts, every_s=0.005)
    deadline = time.monotonic() + 20.0
    while len(asked) < 10 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(asked) >= 10
    joules = integral.read()
    assert joules == pytest.approx(50.0 * (asked[-1] - asked[0]), rel=0.2)


def test_a_gpu_that_cannot_be_counted_is_left_out_and_named():
    driver = Nvml(2, names=["K80", "A100"])
    driver.mj[0] = None
    meter = NvmlMeter(nvml=driver)
    assert meter.provenance.devices == ("A100 GPU-1",)
    assert meter.provenance.left_out[0].startswith("K80")
    with pytest.raises(MeterError, match="before Volta"):
        NvmlMeter([0], nvml=driver)


def test_a_lost_gpu_does_not_cost_the_others(caplog, monkeypatch):
    monkeypatch.setattr(nvml._log, "disabled", False)
    driver = Nvml(2)
    meter = NvmlMeter(nvml=driver)
    before = meter.read()
    driver.mj[:] = [None, 5_000]
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        meter.read()
        assert between(before, meter.read()).energy_kwh * 3.6e6 == pytest.approx(5.0)
    (record,) = caplog.records
    assert "GPU-0 no longer answers" in record.getMessage()
    driver.mj[1] = None
    with pytest.raises(MeterError, match="does not answer"):
        meter.read()
