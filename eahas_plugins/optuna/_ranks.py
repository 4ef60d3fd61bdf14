"""Data-parallel training: what the ranks of one trial have used, together."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from optuna.trial import BaseTrial

from eahas_plugins.energy.readings import OWN_PROCESS
from eahas_plugins.energy.roster_folder import boot_id

_Devices = Mapping[str, Mapping[str, float]]
_T = TypeVar("_T")


def of_all_ranks(trial: BaseTrial, mine: _T) -> list[_T]:
    """Return what each rank gives, if each of them runs the trial, else what this process gives.

    Only for ``optuna_integration.TorchDistributedTrial``, all of whose methods every rank calls at
    once; any other trial belongs to one process.
    """
    if type(trial).__name__ != "TorchDistributedTrial":
        return [mine]
    distributed, group = _gloo()
    every: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(every, mine, group=group)
    return every


def over_all_ranks(trial: BaseTrial, devices_kwh: _Devices) -> _Devices:
    """Return what the devices of all ranks have used, if each of them runs the trial.

    Several ranks of a node see the same devices: each counts once, by the rank that has seen most
    of it.
    """
    every = of_all_ranks(
        trial, {_name(device): dict(parts) for device, parts in devices_kwh.items()}
    )
    if len(every) == 1:
        return devices_kwh
    together: dict[str, Mapping[str, float]] = {}
    for rank in every:
        for device, parts in rank.items():
            known = together.get(device)
            if known is None or sum(parts.values()) > sum(known.values()):
                together[device] = parts
    return together


def _name(device: str) -> str:
    """Return what a device is called among all nodes.

    Containers of one machine have names of their own and share its devices; machines may be called
    alike. What tells machines apart is this start of the kernel.
    """
    process = f" {platform.node()} {os.getpid()}" if device.startswith(OWN_PROCESS) else ""
    return f"{boot_id()} {device}{process}"


@cache
def _gloo() -> tuple[Any, Any]:
    """Return torch.distributed and a group that carries objects; every rank asks at once."""
    distributed = importlib.import_module("torch.distributed")
    if distributed.get_backend() == "gloo":
        return distributed, None
    return distributed, distributed.new_group(backend="gloo")
