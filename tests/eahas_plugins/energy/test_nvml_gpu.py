"""Who computes on a GPU, as far as its driver tells."""

from types import SimpleNamespace

import pytest

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
