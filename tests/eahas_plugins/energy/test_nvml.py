import sys

import pytest

from eahas_plugins.energy import MeterError, NvmlMeter, between


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
        return ["one", "two"]

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
    assert meter.n_processes() == 2
    other = NvmlMeter([1], nvml=RecordedNvml([0], [0]))
    assert other.describe() == {"gpu": "A100", "driver": "580.1"}
    with pytest.raises(MeterError, match="who uses the GPU"):
        other.n_processes()


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
