"""What a user's own worker may answer: NumPy counts, anything else fails its job, nothing hangs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Job
from hpbandster.core.worker import Worker

from eahas_plugins.hpbandster import BOHB, EnergyBOHB
from eahas_plugins.hpbandster.answers import Outcomes, check_answer
from tests.eahas_plugins.hpbandster.conftest import Cluster, within_time

pytestmark = pytest.mark.filterwarnings("default")
SPACE = ConfigurationSpace({"x": (0.0, 1.0)})
EACH_KWH = 1e-3


class Anything:
    """Of which the other side knows nothing."""


class _Answers(Worker):
    """A plain worker: every second answer is the one in question, so that some jobs succeed."""

    def __init__(self, answer: Any, every: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.answer = answer
        self.every = every
        self.n_jobs = 0

    def compute(
        self, config_id: Any, config: dict[str, Any], budget: float, working_directory: str
    ) -> Any:
        self.n_jobs += 1
        if self.n_jobs % self.every == 0:
            return self.answer
        return {"loss": 0.5, "info": {"energy_kwh": EACH_KWH}}


def _run(cluster: Cluster, kind: Any, answer: Any, every: int = 1) -> Any:
    cluster.worker(_Answers, answer, every)
    settings = {"budget_kwh": 4 * EACH_KWH} if kind is EnergyBOHB else {}
    with cluster.master(kind, SPACE, min_budget=1, max_budget=3, seed=1, **settings) as master:
        result = within_time(lambda: master.run(n_iterations=1))
        spent_kwh = master.spent_kwh if kind is EnergyBOHB else None
    return result.get_all_runs(), spent_kwh


@pytest.mark.parametrize("kind", [BOHB, EnergyBOHB])
@pytest.mark.parametrize(
    "answer",
    [
        {"loss": np.float64(0.25), "info": {"energy_kwh": EACH_KWH}},
        {"loss": np.float32(0.25), "info": {"energy_kwh": np.float64(EACH_KWH)}},
        {"loss": 0.25, "info": {"energy_kwh": EACH_KWH, "curve": np.array([0.5, 0.25])}},
        {"loss": 0.25, "info": {"energy_kwh": EACH_KWH, "n": np.int64(3), "s": np.str_("a")}},
    ],
    ids=["loss", "energy", "array", "others"],
)
def test_numpy_counts_like_pythons_numbers(cluster: Cluster, kind: Any, answer: Any) -> None:
    runs, spent_kwh = _run(cluster, kind, answer)
    assert {run.loss for run in runs} == {0.25}
    assert all(run.info["energy_kwh"] == EACH_KWH for run in runs)
    assert kind is BOHB or spent_kwh == pytest.approx(len(runs) * EACH_KWH)


@pytest.mark.parametrize("kind", [BOHB, EnergyBOHB])
@pytest.mark.parametrize(
    "info",
    [{"model": Anything()}, {np.str_("key"): 1.0}, {"f": len}],
    ids=["object", "key", "function"],
)
def test_an_answer_that_cannot_be_sent_fails_its_job(
    cluster: Cluster, kind: Any, info: Any
) -> None:
    runs, spent_kwh = _run(cluster, kind, {"loss": 0.5, "info": info}, every=2)
    failed = [run for run in runs if run.loss is None]
    assert failed
    assert len(failed) < len(runs)
    assert "must return what can be sent" in failed[0].error_logs
    if kind is EnergyBOHB:  # what the lost ones burnt is estimated by the others
        assert spent_kwh == pytest.approx(len(runs) * EACH_KWH)


@pytest.mark.parametrize("kind", [BOHB, EnergyBOHB])
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"info": {"energy_kwh": EACH_KWH}}, "returned 'info' without 'loss'"),
        ({"loss": "low", "info": {"energy_kwh": EACH_KWH}}, "the loss is 'low'"),
        ({"loss": None, "info": {"energy_kwh": EACH_KWH}}, "the loss is None"),
        ({"loss": 10**400, "info": {"energy_kwh": EACH_KWH}}, "the loss is 1000"),
        ({"loss": math.nan, "info": {"energy_kwh": EACH_KWH}}, "the loss is nan"),
        ({"loss": np.float64(math.inf), "info": {"energy_kwh": EACH_KWH}}, "the loss is inf"),
        ({"loss": -math.inf, "info": {"energy_kwh": EACH_KWH}}, "the loss is -inf"),
        (0.5, "returned 0.5"),
    ],
)
def test_an_answer_without_a_loss_fails_its_job(
    cluster: Cluster, kind: Any, answer: Any, message: str
) -> None:
    runs, spent_kwh = _run(cluster, kind, answer, every=2)
    failed = [run for run in runs if run.loss is None]
    assert message in failed[0].error_logs
    assert len(failed) < len(runs)
    assert kind is BOHB or spent_kwh == pytest.approx(len(runs) * EACH_KWH)


@pytest.mark.parametrize("energy_kwh", [math.nan, -1.0, math.inf])
def test_an_impossible_energy_ends_the_run(cluster: Cluster, energy_kwh: float) -> None:
    with pytest.raises(ValueError, match="`energy_kwh` must be a finite number of kWh"):
        _run(cluster, EnergyBOHB, {"loss": 0.5, "info": {"energy_kwh": energy_kwh}})


class _Raises(Worker):
    def compute(
        self, config_id: Any, config: dict[str, Any], budget: float, working_directory: str
    ) -> Any:
        raise OSError(f"no data set for {config_id}")


def test_a_run_in_which_every_job_fails_ends_with_the_first_error(cluster: Cluster) -> None:
    cluster.worker(_Raises)
    with (
        cluster.master(EnergyBOHB, SPACE, budget_kwh=1.0, min_budget=1, max_budget=9) as master,
        pytest.raises(RuntimeError, match=r"all 50 jobs have failed.*no data set for \(0, 0, 0\)"),
    ):
        within_time(master.run)


def test_plain_brackets_that_all_fail_say_so_at_their_end(cluster: Cluster) -> None:
    cluster.worker(_Raises)
    with (
        cluster.master(BOHB, SPACE, min_budget=1, max_budget=3) as master,
        pytest.warns(RuntimeWarning, match="jobs have failed, the first with: OSError: no data"),
    ):
        within_time(master.run)


def test_a_refused_job_has_not_failed() -> None:
    outcomes = Outcomes()
    job = Job((0, 0, 0), config={}, budget=1.0)
    job.exception = "Traceback ...\nEnergyExhaustedError: one epoch needs more"
    check_answer(job)
    outcomes.add(job)
    assert (outcomes.n_failed, outcomes.n_succeeded) == (0, 0)
