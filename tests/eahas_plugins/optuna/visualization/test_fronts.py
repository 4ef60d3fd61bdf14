"""Figures of fronts: over the energy of a study, of several studies, and of its members."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import optuna
import pytest
from optuna.trial import TrialState, create_trial

import eahas_plugins.optuna.visualization as plotly_figures
import eahas_plugins.optuna.visualization.matplotlib as matplotlib_figures
from eahas_plugins.optuna.visualization._front_data import (
    attainment,
    front_members,
    fronts_over_energy,
    staircase,
)
from tests.eahas_plugins.optuna.samplers.tasks import constrain

LIBRARIES = {"plotly": plotly_figures, "matplotlib": matplotlib_figures}
FIGURES = ("plot_front_history", "plot_attainment", "plot_front_table")


def study_with(values, directions=("maximize", "minimize"), kwh=0.25):
    study = optuna.create_study(directions=list(directions))
    for row in values:
        study.add_trial(
            create_trial(
                values=list(row),
                params={"width": float(row[0])},
                distributions={"width": optuna.distributions.FloatDistribution(0.0, 1.0)},
                user_attrs={"energy_kwh": kwh},
            )
        )
    return study


VALUES = [(0.5, 3.0), (0.4, 2.0), (0.6, 2.0), (0.9, 4.0)]


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_fronts_after_parts_of_the_energy():
    found = fronts_over_energy(study_with(VALUES), (0, 1), (1.0, 0.25, 0.5, 0.75))
    assert [front.numbers for front in found.fronts] == [[0], [1, 0], [2], [2, 3]]
    assert [front.kwh for front in found.fronts] == [0.25, 0.5, 0.75, 1.0]
    assert found.fronts[-1].label == "100 % (1 kWh)"
    assert found.names == ("Objective 0", "Objective 1")
    corners = staircase(found.fronts[-1], found.maximize)
    assert np.stack(corners, axis=1).tolist() == [[0.9, 4.0], [0.6, 4.0], [0.6, 2.0]]


def test_what_breaks_a_constraint_failed_or_is_not_finite_is_on_no_front():
    study = study_with([*VALUES, (0.95, np.inf)])
    study.add_trial(create_trial(state=TrialState.FAIL, user_attrs={"energy_kwh": 1.0}))
    trial = study.ask()
    constrain(trial, 1.0)
    study.tell(trial, [0.99, 0.0])
    found = fronts_over_energy(study, (0, 1), (1.0,))
    assert found.fronts[0].numbers == [2, 3]
    assert found.numbers == [0, 1, 2, 3]


def test_of_three_objectives_two_are_shown():
    study = study_with([(0.5, 3.0, 1.0), (0.4, 2.0, 9.0)], ("maximize", "minimize", "maximize"))
    found = fronts_over_energy(study, (2, 1), (1.0,))
    assert found.fronts[0].values.tolist() == [[9.0, 2.0]]
    assert found.maximize == (True, False)


def test_half_of_the_studies_have_attained_the_median_curve():
    studies = [study_with([(a, 2.0), (1.0, 2.0 + c)]) for a, c in ((0.5, 1), (0.6, 2), (0.7, 3))]
    (median,) = attainment(studies, (0, 1), (0.5,))
    assert median.x.tolist() == [1.0, 0.7, 0.6, 0.5]
    # at 0.7 the three have 3, 4 and 2
    assert median.y.tolist() == [4.0, 3.0, 2.0, 2.0]
    (all_of_them,) = attainment(studies, (0, 1), (1.0,))
    assert all_of_them.y.tolist() == [5.0, 4.0, 3.0, 2.0]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_members_are_a_table():
    study = study_with(VALUES)
    study.set_metric_names(["accuracy", "ms"])
    members = front_members(study)
    assert members.columns == ["trial", "accuracy", "ms", "energy", "width"]
    assert members.rows == [
        ["3", "0.9", "4", "250 Wh", "0.9"],
        ["2", "0.6", "2", "250 Wh", "0.6"],
    ]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_any_study(library, name):
    draw = getattr(LIBRARIES[library], name)
    for study in (study_with(VALUES), study_with([]), study_with(VALUES[:1], kwh=1e-7)):
        assert draw(study) is not None
    with pytest.raises(ValueError, match="must have several objectives but has one"):
        draw(optuna.create_study())


def test_plotly_shows_the_fronts_and_all_trials():
    figure = plotly_figures.plot_front_history(study_with(VALUES), fractions=(0.5, 1.0))
    names = [trace.name for trace in figure.data if trace.name]
    assert names == ["Trials", "50 % (500 Wh)", "100 % (1 kWh)"]
    table = plotly_figures.plot_front_table(study_with(VALUES)).data[0]
    assert list(table.cells["values"][0]) == ["3", "2"]


def test_matplotlib_shows_the_fronts_and_all_trials():
    axes = matplotlib_figures.plot_front_history(study_with(VALUES), fractions=(0.5, 1.0))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["Trials", "50 % (500 Wh)", "100 % (1 kWh)"]
    axes = matplotlib_figures.plot_attainment([study_with(VALUES)] * 3, shares=(0.5,))
    assert axes.get_title() == "Attained by Parts of 3 Studies"


@pytest.mark.parametrize("library", LIBRARIES)
def test_bad_arguments(library):
    study, figures = study_with(VALUES), LIBRARIES[library]
    with pytest.raises(ValueError, match="`fractions` must be above 0 and at most 1 but got 0"):
        figures.plot_front_history(study, fractions=(0.0,))
    for bad in ("0", True, None, 1.0):
        with pytest.raises(ValueError, match="objectives must be a whole number but got"):
            figures.plot_attainment([study], objectives=(bad, 1))
    for bad in ("0.5", True, None):
        with pytest.raises(ValueError, match="shares must be a number but got"):
            figures.plot_attainment([study], shares=(bad,))
        with pytest.raises(ValueError, match="fractions must be a number but got"):
            figures.plot_front_history(study, fractions=(bad,))
        with pytest.raises(ValueError, match="reference_point must be a number but got"):
            figures.plot_energy_pareto_front(study, reference_point=(bad, 1.0))
    with pytest.raises(ValueError, match="`objectives` must be two positions from 0 to 1"):
        figures.plot_front_history(study, objectives=(0, 2))
    with pytest.raises(ValueError, match="`shares` must be above 0 and at most 1"):
        figures.plot_attainment([study], shares=(np.nan,))
    with pytest.raises(ValueError, match="at least one study"):
        figures.plot_attainment([])
    with pytest.raises(ValueError, match="same directions"):
        figures.plot_attainment([study, study_with(VALUES, ("maximize", "maximize"))])
    with pytest.raises(TypeError, match="plot_front_history shows one study but got list"):
        figures.plot_front_history([study])
