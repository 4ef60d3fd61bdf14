"""The CodeCarbon library in its offline mode."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from eahas_plugins.arguments import check_positive
from eahas_plugins.energy.readings import MeterError, Provenance, Reading

_LABELS = {"cpu": "CPU", "memory": "RAM", "gpu": "GPU"}  # how CodeCarbon names its hardware


class CodecarbonMeter:
    """Energy as CodeCarbon accounts it, offline. Always says ``estimated``.

    CodeCarbon measures the CPU where RAPL or the like can be read, but models the memory always,
    and the CPU by its load and a nominal power elsewhere; ``provenance.devices`` says how. The
    first start takes seconds. Nothing is sent or written to disc. Of CodeCarbon's configuration
    (``.codecarbon.config``, environment) it takes the powers, not the PUE and what is tracked.

    Args:
        sample_every_s: How often its thread samples power, seconds. Positive.

    Raises:
        ImportError: If ``codecarbon`` is not installed.
        MeterError: If CodeCarbon does not start.
    """

    def __init__(self, *, sample_every_s: float = 5.0) -> None:
        check_positive(sample_every_s=sample_every_s)
        codecarbon = _codecarbon()
        self._sample_every_s = sample_every_s
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._inbox = _make_inbox()
        self._tracker = codecarbon.OfflineEmissionsTracker(
            country_iso_code="DEU",  # asked for, and only used for emissions, which we leave alone
            force_carbon_intensity_g_co2e_kwh=1.0,  # likewise, so that no server is asked for it
            tracking_mode="machine",  # what a configuration of CodeCarbon's may say otherwise
            pue=1.0,  # is said by WholeDeviceMeter
            measure_power_secs=sample_every_s,
            output_methods=[],
            output_handlers=[self._inbox],
            api_call_interval=-1,
            log_level="critical",
            allow_multiple_runs=True,  # else it takes a machine-wide lock, and measures nothing
        )
        self._tracker.start()
        # checked on 3.3; only described
        hardware = [repr(part) for part in getattr(self._tracker, "_hardware", [])]
        names = {
            part: next(
                (name for name in hardware if name.startswith(label)), f"CodeCarbon's {label}"
            )
            for part, label in _LABELS.items()
            if part != "gpu" or any(label in name for name in hardware)
        }
        self._ids = {part: f"{part}:codecarbon" for part in names}
        self._provenance = Provenance(
            kind="estimated",
            meter=f"codecarbon {codecarbon.__version__}",
            sampling=f"power every {sample_every_s:g} s and at every reading",
            scope="machine",
            devices=tuple(names.values()),
            resolution_s=0.05,
            device_ids=tuple(self._ids.values()),
        )
        self.read()  # CodeCarbon swallows its own exceptions: find out here

    def __reduce__(self) -> tuple[Callable[[], CodecarbonMeter], tuple[()]]:
        """Travel to another process as a new meter."""
        return partial(CodecarbonMeter, sample_every_s=self._sample_every_s), ()

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def read(self) -> Reading:
        """Let CodeCarbon measure up to now.

        Raises:
            MeterError: If CodeCarbon does not answer.
        """
        if os.getpid() != self._pid:  # a lock that was held does not survive a fork
            self._pid, self._lock = os.getpid(), threading.Lock()
        with self._lock:
            self._inbox.latest = None
            self._tracker.flush()
            monotonic_s = time.monotonic()
            data = self._inbox.latest
        if data is None:
            raise MeterError(
                "CodeCarbon did not answer; see its log with "
                "`logging.getLogger('codecarbon').setLevel('DEBUG')`, or choose another meter"
            )
        parts_kwh = {"cpu": data.cpu_energy, "memory": data.ram_energy, "gpu": data.gpu_energy}
        return Reading.of_devices(
            {name: {part: float(parts_kwh[part])} for part, name in self._ids.items()},
            monotonic_s=monotonic_s,
            provenance=self._provenance,
        )

    def close(self) -> None:
        """Stop CodeCarbon's thread."""
        self._tracker.stop()


def _make_inbox() -> Any:
    """Return an output of CodeCarbon that keeps the latest totals."""
    base = importlib.import_module("codecarbon.output_methods.base_output").BaseOutput

    class Inbox(base):  # type: ignore[misc, valid-type]
        latest: Any = None

        def out(self, total: Any, delta: Any) -> None:
            self.latest = total

    return Inbox()


def _codecarbon() -> Any:
    try:
        return importlib.import_module("codecarbon")
    except ModuleNotFoundError as error:
        if error.name != "codecarbon":
            raise
        raise ImportError(
            "CodecarbonMeter needs codecarbon: pip install 'eahas-plugins[meters]'"
        ) from error
