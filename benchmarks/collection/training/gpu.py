"""A GPU to train on, alone, with the energy counter of its driver."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from benchmarks.collection.energy_window import CounterWindow
from benchmarks.collection.training.data import Splits
from benchmarks.collection.training.metered import MeteredDevice
from benchmarks.collection.training.train import train
from eahas_plugins.energy.nvml import NvmlMeter
from eahas_plugins.energy.readings import MeterError
from surrogate.space.regnet import Trunk


class Gpu(MeteredDevice):
    """The first GPU that torch sees, for one training at a time; made by `only_user_of_gpu`.

    Args:
        device: Torch's name of it.
        meter: Its counter.
    """

    scope = "GPU board"

    def __init__(self, device: torch.device, meter: NvmlMeter) -> None:
        super().__init__(device, meter)
        self._nvml = meter

    def check_alone(self) -> None:
        """Make sure that no other process computes on the GPU: the counter counts them all.

        Raises:
            MeterError: If one does.
        """
        # Once torch has computed on it, or only set it up, this process is one of its users; a
        # container may know it by another id.
        running = self._nvml.process_ids()
        others = len(running) - (os.getpid() in running or self._has_computed)
        if others > 0:
            raise MeterError(
                f"nothing else may run on the GPU while it is measured but {others} process(es) "
                "do: see `nvidia-smi`, wait or end them, and run the command again to go on"
            )

    def check_counter(self) -> None:
        """Make sure that its energy is counted.

        Raises:
            MeterError: If there is only its power, to be summed up.
        """
        known = self._nvml.provenance
        if known.kind != "measured":
            raise MeterError(
                f"the GPU must have a counter of energy but {', '.join(known.devices)} has none "
                f"here, only {known.sampling}: take a board (Volta or later) whose counter NVML "
                "shows"
            )

    def train(
        self,
        config: Mapping[str, Any],
        *,
        seed: int,
        splits: Splits,
        trunk: Trunk,
        n_windows: int | None = None,
    ) -> dict[str, Any]:
        """Train and measure, like ``train`` on the CPU, and tell what the meter was.

        Args:
            config: The configuration.
            seed: Seed of the training.
            splits: The images.
            trunk: What the task fixes about its networks.
            n_windows: How many epochs are measured; None for each.

        Raises:
            MeterError: If another process uses the GPU, before or after.
        """

        def work(window: CounterWindow) -> dict[str, Any]:
            moved = splits.to(self.device)
            return train(
                config, seed=seed, splits=moved, trunk=trunk, window=window, n_windows=n_windows
            )

        return self.measured(work)

    def synchronize(self) -> None:
        """Wait until it has done everything it was given."""
        torch.cuda.synchronize(self.device)

    def describe(self) -> dict[str, Any]:
        """Name, driver and power limit."""
        return self._nvml.describe()

    def state(self) -> dict[str, float]:
        """Clocks, MHz, temperature, degrees Celsius, and power, W."""
        return self._nvml.state()

    def free_bytes(self) -> int:
        """Memory that nobody uses."""
        if not self._has_computed:
            self.check_alone()  # asking makes this process a user
            self._has_computed = True
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(self.device)
        return int(torch.cuda.mem_get_info(self.device)[0])

    def peak_bytes(self) -> int | None:
        """The most memory in use since `free_bytes` was asked."""
        return int(torch.cuda.max_memory_allocated(self.device))


@contextmanager
def only_user_of_gpu() -> Iterator[Gpu]:
    """Hold the GPU, so that a second collection on it is refused.

    Raises:
        ValueError: If torch sees no GPU, it cannot be metered, or it is in use.
    """
    device, uuid = find_gpu()
    lock = _lock_file(Path(tempfile.gettempdir()) / f"eahas-{uuid}.lock")
    try:
        _lock(lock)
        gpu = Gpu(device, NvmlMeter([uuid]))
        gpu.check_alone()
        yield gpu
    except (MeterError, ImportError) as error:
        raise ValueError(f"{error}.") from error
    finally:
        os.close(lock)


def _lock_file(path: Path) -> int:
    """One file for all users of the machine: reading is enough to lock it."""
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o444))
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)  # nobody else decides what is opened
    except OSError as error:
        raise ValueError(
            f"{path} must be a file that can be read, so that one collection at a time has the "
            f"GPU, but is not ({error.strerror}): see who made it."
        ) from error


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(
            "another collection measures this GPU: wait for it, as the counter cannot tell two "
            "trainings apart."
        ) from None


def find_gpu() -> tuple[torch.device, str]:
    """Torch's first GPU and its UUID, by which NVML knows the same one.

    Raises:
        ValueError: If there is none.
    """
    if not torch.cuda.is_available():
        built = torch.version.cuda
        why = "is built without CUDA" if built is None else f"(CUDA {built}) finds none"
        raise ValueError(
            f"--device cuda needs a GPU but torch {torch.__version__} {why}: check that "
            "`nvidia-smi` lists a GPU, install torch with CUDA (pytorch.org/get-started names the "
            "command), or use --device cpu."
        )
    return torch.device("cuda", 0), f"GPU-{torch.cuda.get_device_properties(0).uuid}"
