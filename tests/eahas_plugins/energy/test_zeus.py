"""With the real package, on whatever this machine has; and with a stand-in for its devices."""

import sys
from types import SimpleNamespace

import pytest

from eahas_plugins.energy import MeterError, ZeusMeter, between, power, zeus_meter

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Gpus:
    def __init__(self, *counters_mj):
        self.counters = [list(values) for values in counters_mj]

    def __len__(self):
        return len(self.counters)

    def supports_get_total_energy_consumption(self, index):
        return bool(self.counters[index])

    def get_total_energy_consumption(self, index):
        return self.counters[index].pop(0)

    def get_name(self, index):
        return f"MI250 {index}"


class Cpus:
    def __init__(self, *readings):
        self.readings = list(readings)

    def __len__(self):
        return 1

    def get_total_energy_consumption(self, index):
        cpu_mj, dram_mj = self.readings.pop(0)
        return SimpleNamespace(cpu_mj=cpu_mj, dram_mj=dram_mj)


def missing():
    raise RuntimeError("not here")


def test_gpu_cpu_and_memory_are_parts():
    devices = SimpleNamespace(
        get_gpus=lambda: Gpus([1000, 8000], []),  # the second one has no counter
        get_cpus=lambda: Cpus((500.0, 100.0), (2500.0, 400.0)),
    )
    meter = ZeusMeter(devices=devices)
    measured = between(meter.read(), meter.read())
    assert measured.energy_kwh * 3.6e6 == pytest.approx(7.0 + 2.0 + 0.3)
    assert {k: pytest.approx(v * 3.6e6) for k, v in measured.parts_kwh.items()} == {
        "gpu": 7.0,
        "cpu": 2.0,
        "memory": 0.3,
    }
    assert measured.provenance.devices == ("MI250 0", "CPU package 0")


def test_a_cpu_without_memory_counter():
    devices = SimpleNamespace(get_gpus=missing, get_cpus=lambda: Cpus((500.0, None), (700.0, None)))
    meter = ZeusMeter(devices=devices)
    assert between(meter.read(), meter.read()).parts_kwh == {"cpu": pytest.approx(0.2 / 3.6e6)}


def test_a_gpu_without_a_counter_is_named():
    broken = Gpus([1, 2], [])
    devices = SimpleNamespace(get_gpus=lambda: broken, get_cpus=missing)
    assert ZeusMeter(devices=devices).provenance.left_out == (
        "MI250 1 (GPU 1): neither energy nor power can be read",
    )


def test_power_is_summed_up_where_a_gpu_has_no_counter(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(power.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(power, "keep_reading", lambda *_: None)
    gpus = Gpus([])
    gpus.get_instant_power_usage = lambda index: 50_000  # mW
    meter = ZeusMeter(devices=SimpleNamespace(get_gpus=lambda: gpus, get_cpus=missing))
    before = meter.read()
    now[0] += 4.0
    measured = between(before, meter.read())
    assert measured.energy_kwh * 3.6e6 == pytest.approx(200.0)
    assert measured.provenance.kind == "estimated"


def test_what_has_no_counter_is_named_also_where_nothing_has_one():
    devices = SimpleNamespace(get_gpus=lambda: Gpus([]), get_cpus=missing)
    with pytest.raises(MeterError, match="MI250 0"):
        ZeusMeter(devices=devices)


def test_cpu_packages_are_left_to_rapl_where_it_can_be_read(monkeypatch):
    monkeypatch.setattr(zeus_meter, "rapl_is_readable", lambda: True)
    asked = []

    def get_cpus():
        asked.append(True)
        return Cpus((1.0, None))

    devices = SimpleNamespace(get_gpus=lambda: Gpus([1]), get_cpus=get_cpus)
    assert ZeusMeter(devices=devices).provenance.devices == ("MI250 0",)
    assert not asked  # Zeus would have started a process
    assert ZeusMeter(cpus=True, devices=devices).provenance.devices == ("MI250 0", "CPU package 0")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # Apple silicon: the efficiency cores are part of the CPU's total.
        (
            {"cpu_total_mj": 100, "efficiency_cores_mj": [9], "gpu_mj": 0, "dram_mj": 5},
            {"cpu_total_mj": 1100, "efficiency_cores_mj": [99], "gpu_mj": 3000, "dram_mj": 505},
            {"cpu": 1.0, "gpu": 3.0, "memory": 0.5},
        ),
        # Jetson: the total is the whole board.
        (
            {"cpu_energy_mj": 0.0, "gpu_energy_mj": 0.0, "total_energy_mj": 0.0},
            {"cpu_energy_mj": 1000.0, "gpu_energy_mj": 2000.0, "total_energy_mj": 3500.0},
            {"cpu": 1.0, "gpu": 2.0, "other": 0.5},
        ),
    ],
)
def test_a_system_on_a_chip(first, second, expected):
    readings = [first, first, second]
    soc = SimpleNamespace(get_total_energy_consumption=lambda: SimpleNamespace(**readings.pop(0)))
    devices = SimpleNamespace(get_gpus=missing, get_cpus=missing, get_soc=lambda: soc)
    meter = ZeusMeter(devices=devices)
    parts = between(meter.read(), meter.read()).parts_kwh
    assert parts == {part: pytest.approx(joules / 3.6e6) for part, joules in expected.items()}


def test_no_device_raises_with_both_reasons():
    devices = SimpleNamespace(get_gpus=missing, get_cpus=missing)
    with pytest.raises(MeterError, match=r"GPU: RuntimeError: not here; CPU: RuntimeError"):
        ZeusMeter(devices=devices)


def test_a_device_that_stops_answering_is_an_error_and_not_zero():
    meter = ZeusMeter(devices=SimpleNamespace(get_gpus=lambda: Gpus([1]), get_cpus=missing))
    meter.read()
    with pytest.raises(MeterError, match="no longer answers"):
        meter.read()


def test_the_real_package_measures_or_raises_where_its_monitor_says_nothing():
    from zeus.monitor import ZeusMonitor

    monitor = ZeusMonitor()
    if monitor.gpu_indices or monitor.cpu_indices:
        assert ZeusMeter().provenance.kind == "measured"
        return
    monitor.begin_window("work")
    sum(range(100_000))
    assert monitor.end_window("work").total_energy == 0  # the trap: work, and yet 0 J
    with pytest.raises(MeterError, match=r"Zeus found no energy counter.*zeus\.show_env"):
        ZeusMeter()


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "zeus.device", None)
    with pytest.raises(ImportError, match=r"not zeus-ml.*eahas-plugins\[meters\]"):
        ZeusMeter()
