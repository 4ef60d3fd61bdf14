import dataclasses

import pytest

from benchmarks.harness.results import Results
from benchmarks.reporting.axes import axis_unit
from tests.benchmarks.made_up_rows import HEADER, make_rows


def results(budget_kwh=1.0, runtime_s=100.0):
    header = dataclasses.replace(
        HEADER, budget_kwh=budget_kwh, provenance={"kind": "measured", "energy": "estimated"}
    )
    rows = tuple(dataclasses.replace(row, runtime_s=runtime_s) for row in make_rows())
    return Results(header=header, rows=rows)


@pytest.mark.parametrize(
    ("budget_kwh", "name", "per"), [(2.0, "kWh", 1.0), (0.002, "Wh", 1e3), (5e-6, "J", 3.6e6)]
)
def test_energies_are_in_the_unit_in_which_the_budget_reads_well(budget_kwh, name, per):
    unit = axis_unit(results(budget_kwh=budget_kwh), "kwh")
    assert (unit.name, unit.per) == (name, per)
    assert unit.label.endswith(f"({name}, estimated)")


@pytest.mark.parametrize(("runtime_s", "name"), [(100.0, "min"), (3e4, "h"), (None, "min")])
def test_times_are_in_minutes_or_hours(runtime_s, name):
    assert axis_unit(results(runtime_s=runtime_s), "runtime_s").name == name
