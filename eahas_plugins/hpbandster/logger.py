"""HpBandSter's result log, with the energy of every job."""

from __future__ import annotations

import copy
import json

from hpbandster.core.dispatcher import Job
from hpbandster.core.result import json_result_logger

from eahas_plugins.files import path_argument
from eahas_plugins.spaces.values import as_json


class EnergyResultLogger(json_result_logger):
    """Writes ``configs.json`` and ``results.json`` as HpBandSter does, and ``energy.json``.

    A line of ``energy.json`` is one job: ``{"config_id", "budget", "energy_kwh",
    "energy_estimated", "spent_kwh", "failed"}``, with the energy of failed jobs, which
    HpBandSter's own file cannot hold; ``spent_kwh`` is that of the whole run, and what is
    estimated is what was expected of a job that told nobody what it burnt. What JSON cannot hold of
    an answer is written as text.

    Args:
        directory: Folder of the files.
        overwrite: Whether files that are there may be replaced.

    Raises:
        FileExistsError: If files are there and may not be replaced.
    """

    def __init__(self, directory: str, overwrite: bool = False) -> None:
        self.energy_file = path_argument("directory", directory) / "energy.json"
        super().__init__(directory, overwrite)
        self.energy_file.write_text("", encoding="utf-8")

    def __call__(self, job: Job) -> None:
        """Write a finished or failed job."""
        super().__call__(storable(job))
        line = {
            "config_id": job.id,
            "budget": job.kwargs["budget"],
            "energy_kwh": getattr(job, "energy_kwh", None),
            "energy_estimated": getattr(job, "energy_estimated", False),
            "spent_kwh": getattr(job, "spent_kwh", None),
            "failed": job.result is None,
        }
        with self.energy_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def storable(job: Job) -> Job:
    """A copy of a job whose answer JSON can hold; HpBandSter's logger would end the run."""
    written = copy.copy(job)
    written.result = as_json(job.result)
    return written
