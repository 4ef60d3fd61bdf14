"""Data-parallel training on two ranks, with Optuna's own trial for it."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("optuna_integration", reason="pip install optuna-integration")

RANK = """
import json, os, sys, time, warnings
warnings.simplefilter("ignore")
from dataclasses import replace
import optuna, torch.distributed as dist
from optuna_integration import TorchDistributedTrial
from eahas_plugins.energy import CpuTimeMeter, FakeMeter
from eahas_plugins.optuna import EnergyTracker

rank, who, what = int(sys.argv[1]), sys.argv[2], sys.argv[3]
dist.init_process_group("gloo", rank=rank, world_size=2, init_method=f"file://{sys.argv[4]}")
if what == "process":
    meter = CpuTimeMeter(watts_per_core=3.6e6, idle_watts=0.0)  # 1 kWh per CPU second
else:
    meter = FakeMeter.steady(watts=3.6e6, scope="machine")  # 1 kWh a second
if what == "mixed" and rank == 0:  # the other node has no counter
    meter._provenance = replace(meter.provenance, kind="measured", meter="counter")
study = optuna.create_study() if rank == 0 else None
own = study.ask() if rank == 0 else None
trial = TorchDistributedTrial(own)

def work():
    end_s = time.process_time() + 0.3
    while time.process_time() < end_s:
        pass

start_s = time.monotonic()
if who == "all":
    with EnergyTracker(trial, meter=meter) as energy:
        work()
        energy.report(0.1, step=0)
        work()
elif rank == 0:
    with EnergyTracker(own, meter=meter) as energy:
        work()
        energy.report(0.1, step=0)
        work()
else:
    work()
if rank == 0:
    (found,) = study.trials
    attrs, seconds = found.user_attrs, time.monotonic() - start_s
    print(json.dumps([attrs["energy_kwh"], seconds, list(found.intermediate_values),
                      attrs["energy_meter"]]), flush=True)
dist.barrier()
os._exit(0)  # gloo's threads do not always end
"""


def run_ranks(tmp_path, who, what):
    """Return the energy of the trial, how long it took, its steps, and what metered it."""
    environment = os.environ | {"EAHAS_ENERGY_DIR": str(tmp_path / "roster")}
    words = [who, what, str(tmp_path / "rendezvous")]
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(rank), *words],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for rank in range(2)
    ]
    said = [rank.communicate(timeout=120)[0] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0]
    return json.loads(said[0])


@pytest.mark.parametrize("who", ["all", "rank 0 alone"])
def test_a_counter_of_the_machine_counts_once(tmp_path, who):
    energy_kwh, seconds, steps, _ = run_ranks(tmp_path, who, "machine")
    assert 0.6 <= energy_kwh <= seconds
    assert energy_kwh >= 0.5 * seconds  # not half of it: both ranks are one trial
    assert steps == [0]


def test_what_each_process_counts_is_added(tmp_path):
    energy_kwh, *_ = run_ranks(tmp_path, "all", "process")
    assert 1.2 <= energy_kwh < 2.4


def test_rank_0_alone_counts_its_own_process(tmp_path):
    energy_kwh, *_ = run_ranks(tmp_path, "rank 0 alone", "process")
    assert 0.6 <= energy_kwh < 1.2


def test_what_one_rank_estimates_is_not_called_measured(tmp_path):
    *_, meter = run_ranks(tmp_path, "all", "mixed")
    assert (meter["kind"], meter["meter"]) == ("estimated", "counter + fake")
