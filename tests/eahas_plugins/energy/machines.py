"""Stand-ins for what a machine has: powercap zones, NVIDIA's driver, the devices of Zeus."""

from types import SimpleNamespace

RANGE_UJ = 65_532_610_987  # as on many Intel servers


def add_zone(root, folder, name, *, uj=0, range_uj=RANGE_UJ):
    """Make a powercap zone and return the file of its counter."""
    zone = root / folder
    zone.mkdir()
    (zone / "name").write_text(f"{name}\n")
    (zone / "energy_uj").write_text(f"{uj}\n")
    (zone / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return zone / "energy_uj"


class NvmlError(Exception):
    """What the driver answers where it cannot."""


class Nvml:
    """The module ``pynvml`` on a machine of GPUs whose counters stand in ``mj``.

    A counter or power that is None is not supported.
    """

    NVMLError = NvmlError

    def __init__(self, n_gpus, *, names=None, uuids=None):
        self.mj = [0] * n_gpus
        self.milliwatts = [None] * n_gpus
        self.names = names or ["A100"] * n_gpus
        self.uuids = uuids or [f"GPU-{i}" for i in range(n_gpus)]

    def nvmlInit(self):  # noqa: N802
        pass

    def nvmlDeviceGetCount(self):  # noqa: N802
        return len(self.mj)

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        if not 0 <= index < len(self.mj):
            raise NvmlError("Invalid Argument")
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        return self.uuids.index(uuid)

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return self.names[handle]

    def nvmlDeviceGetUUID(self, handle):  # noqa: N802
        return self.uuids[handle]

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):  # noqa: N802
        return _supported(self.mj[handle])

    def nvmlDeviceGetPowerUsage(self, handle):  # noqa: N802
        return _supported(self.milliwatts[handle])


def _supported(value):
    if value is None:
        raise NvmlError("Not Supported")
    return value


class Gpus:
    """The GPUs of Zeus, whose counters stand in ``mj``; None: it has none."""

    def __init__(self, *names):
        self.names = names
        self.mj = [0] * len(names)

    def __len__(self):
        return len(self.names)

    def get_name(self, index):
        return self.names[index]

    def supports_get_total_energy_consumption(self, index):
        return self.mj[index] is not None

    def get_total_energy_consumption(self, index):
        return self.mj[index]


class Cpus:
    """The CPU packages of Zeus, all with the counter ``mj``."""

    def __init__(self, n_packages):
        self.n_packages = n_packages
        self.mj = 0

    def __len__(self):
        return self.n_packages

    def get_total_energy_consumption(self, index):
        return SimpleNamespace(cpu_mj=self.mj, dram_mj=None)
