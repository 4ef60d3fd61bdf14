"""A log holds every job, whatever a worker has answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hpbandster.core.base_iteration import WarmStartIteration
from hpbandster.core.dispatcher import Job
from hpbandster.core.result import json_result_logger, logged_results_to_HBS_result

from eahas_plugins.hpbandster import EnergyResultLogger
from eahas_plugins.hpbandster.warm_start import log_earlier

ANSWERS = [
    ({"energy_kwh": 0.5, "curve": [1.0, None, True]}, None),
    ({"kinds": {1}, "deep": [{"at": Path("a")}]}, {"kinds": "{1}"}),
    ({(1, 2): 3, 4: 5}, {"(1, 2)": 3, "4": 5}),
    ({"curve": np.array([1.0, 0.5]), "n": np.int64(3)}, {"curve": [1.0, 0.5], "n": 3}),
    ("a text", None),
    (None, None),
]


def job_of(info: Any, loss: Any = 0.25) -> Job:
    job = Job((0, 0, 0), config={"x": 0.5}, budget=3.0)
    job.timestamps = {"submitted": 0.0, "started": 1.0, "finished": 2.0}
    job.result = {"loss": loss, "info": info}
    return job


@pytest.mark.parametrize(("info", "part"), ANSWERS)
def test_any_answer_is_written_and_read_again(tmp_path: Path, info: Any, part: Any) -> None:
    logger, job = EnergyResultLogger(str(tmp_path)), job_of(info)
    logger.new_config(job.id, job.kwargs["config"], {})
    logger(job)
    assert job.result["info"] is info
    result = logged_results_to_HBS_result(str(tmp_path))
    (run,) = result.get_all_runs()
    assert run.loss == 0.25
    if part is None:
        assert run.info == info
    else:
        assert part.items() <= run.info.items()
    assert json.loads((tmp_path / "energy.json").read_text())["config_id"] == [0, 0, 0]


def test_a_loss_of_numpy_stays_a_number(tmp_path: Path) -> None:
    logger, job = EnergyResultLogger(str(tmp_path)), job_of({}, np.float32(0.5))
    logger.new_config(job.id, job.kwargs["config"], {})
    logger(job)
    (run,) = logged_results_to_HBS_result(str(tmp_path)).get_all_runs()
    assert run.loss == 0.5


class _Silent:
    def new_result(self, job: Job, update_model: bool = True) -> None:
        pass


@pytest.mark.parametrize("kind", [EnergyResultLogger, json_result_logger])
def test_so_is_what_an_earlier_run_was_answered(tmp_path: Path, kind: Any) -> None:
    (tmp_path / "old").mkdir()
    first = EnergyResultLogger(str(tmp_path / "old"))
    first.new_config((0, 0, 0), {"x": 0.5}, {})
    first(job_of({"a": 1}))
    result = logged_results_to_HBS_result(str(tmp_path / "old"))
    result.data[0, 0, 0].results[3.0]["info"] = {"kinds": {1}}  # of a run in this process
    log_earlier(kind(str(tmp_path / "new")), WarmStartIteration(result, _Silent()))
    (run,) = logged_results_to_HBS_result(str(tmp_path / "new")).get_all_runs()
    assert run.info == {"kinds": "{1}"}
