"""A machine that was slow for hours does not make its trainings dearer than others."""

import numpy as np
import pytest

from surrogate.fitting.dataset import from_records
from surrogate.records import Record
from tests.surrogate import made_up

SLOW, USUAL = "2026-01-01T08:20:00+00:00", "2026-01-01T09:20:00+00:00"
FACTOR = 2.0


def trainings(n_slow, n_usual, factor):
    found = []
    for place, record in enumerate(made_up.records(n_slow + n_usual, 0)):
        line = record.to_json()
        line["started"] = SLOW if place < n_slow else USUAL
        if place < n_slow:
            for name in ("train_cpu_s", "energy_kwh"):
                line[name] = (factor * np.array(line[name])).tolist()
            line["inference_energy_kwh"] *= factor
        found.append(Record.from_json(line))
    return found


@pytest.mark.parametrize(("n_slow", "n_usual"), [(30, 50), (50, 30)])
def test_costs_are_those_at_the_usual_speed(n_slow, n_usual):
    """The usual speed is that of most trainings."""
    adjusted = from_records(trainings(n_slow, n_usual, FACTOR), made_up.TASK)
    expected = from_records(trainings(n_slow, n_usual, 1.0), made_up.TASK).costs
    usual = np.log(FACTOR) if n_slow > n_usual else 0.0
    for place, name in enumerate(adjusted.cost_names):
        shift = 0.0 if name.endswith("_first") else usual
        difference = adjusted.costs[:, place] - expected[:, place]
        np.testing.assert_allclose(difference, shift, atol=0.1)
    slower = (adjusted.slowness[:n_slow].mean(0) - adjusted.slowness[n_slow:].mean(0))[0]
    assert slower == pytest.approx(np.log(FACTOR), abs=0.1)


def test_few_trainings_of_an_hour_say_little_about_it():
    alone = from_records(trainings(1, 60, FACTOR), made_up.TASK)
    assert 0.0 < alone.slowness[0, 0] < 0.5 * np.log(FACTOR)


def test_trainings_without_a_start_are_left_as_they_are():
    records = made_up.records(20, 0)
    data = from_records(records, made_up.TASK)
    assert (data.slowness == 0.0).all()
    place = data.cost_names.index("runtime_s")
    for record, cost in zip(records, data.costs[:, place], strict=True):
        assert np.exp(cost) == pytest.approx(record.train_cpu_s[1:].mean())
