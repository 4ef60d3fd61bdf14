"""HpBandSter on current Python, NumPy and ConfigSpace, and an energy budget for it."""

from __future__ import annotations

try:
    import hpbandster as _hpbandster  # noqa: F401 - required once, here
except ModuleNotFoundError as error:
    if error.name != "hpbandster":
        raise
    raise ImportError(
        "eahas_plugins.hpbandster needs HpBandSter: pip install 'eahas-plugins[hpbandster]'"
    ) from error

from eahas_plugins.hpbandster._compat import send_numpy
from eahas_plugins.hpbandster.energy_bohb import EnergyBOHB
from eahas_plugins.hpbandster.logger import EnergyResultLogger
from eahas_plugins.hpbandster.name_server import NameServer
from eahas_plugins.hpbandster.optimizers import BOHB, HyperBand, RandomSearch
from eahas_plugins.hpbandster.worker import EnergyWorker, SurrogateWorker, TargetWorker

__all__ = [
    "BOHB",
    "EnergyBOHB",
    "EnergyResultLogger",
    "EnergyWorker",
    "HyperBand",
    "NameServer",
    "RandomSearch",
    "SurrogateWorker",
    "TargetWorker",
]

send_numpy()
