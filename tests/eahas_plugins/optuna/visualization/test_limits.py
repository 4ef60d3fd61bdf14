"""Trials far worse than the good ones stand at the edge of the value axis, and are counted."""

from __future__ import annotations

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from eahas_plugins.optuna import visualization
from eahas_plugins.optuna.visualization import matplotlib as figures
from eahas_plugins.optuna.visualization._limits import value_limits
from tests.eahas_plugins.optuna.visualization.test_figures import study_of, trial

GOOD = np.linspace(0.80, 0.86, 12).tolist()
BAD = [0.1, 0.0, 0.1]
NAMES = ["plot_value_over_energy", "plot_energy_pareto_front"]


@pytest.fixture(autouse=True)
def headless():
    matplotlib.use("Agg")
    yield
    plt.close("all")


def study(values, directions=("maximize",), name="study"):
    trials = [trial(i, value, 1.0 + 0.01 * (i % 5)) for i, value in enumerate(values)]
    return study_of(*trials, directions=directions, name=name)


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_limits_of_both_directions(direction):
    sign = 1.0 if direction == "maximize" else -1.0
    limits = value_limits([sign * np.array([*BAD, *GOOD])], maximize=direction == "maximize")
    assert limits.n_beyond == 3
    values = sign * np.array([0.1, 0.85])
    assert limits.is_beyond(values).tolist() == [True, False]
    assert limits.within(values)[1] == values[1]
    assert limits.low <= limits.within(values)[0] <= limits.high
    assert limits.high - limits.low < 0.4


def test_no_limits_where_none_stands_out():
    assert value_limits([np.array(GOOD)], maximize=True) is None
    assert value_limits([], maximize=True) is None


@pytest.mark.parametrize("name", NAMES)
def test_matplotlib_shows_where_the_good_differ(name):
    axes = getattr(figures, name)(study([*BAD, *GOOD]))
    low, high = axes.get_ylim()
    assert 0.4 < low < 0.8 < 0.86 < high < 0.9
    (legend,) = axes.figure.legends
    assert "3 Beyond" in [text.get_text() for text in legend.get_texts()]
    assert axes.get_legend() is None  # nothing inside, where it would cover dots


@pytest.mark.parametrize("name", NAMES)
def test_plotly_shows_where_the_good_differ_and_says_the_value_of_those_beyond(name):
    figure = getattr(visualization, name)(study([*BAD, *GOOD]))
    low, high = figure.layout.yaxis.range
    assert 0.4 < low < 0.8 < 0.86 < high < 0.9
    assert "3 Beyond" in [trace.name for trace in figure.data]
    (beyond,) = (
        t for t in figure.data if t.marker.symbol == "triangle-down" and t.x[0] is not None
    )
    assert sorted(value for _, value in beyond.customdata) == sorted(BAD)
    assert all(low <= y <= high for y in beyond.y)
    assert figure.layout.legend.yanchor == "top"  # below the figure
    assert figure.layout.legend.y < 0.0


def test_a_target_has_no_limits_since_nobody_knows_which_are_better():
    figure = visualization.plot_value_over_energy(
        study([*BAD, *GOOD]), target=lambda t: t.value, target_name="x"
    )
    assert figure.layout.yaxis.range is None


def test_several_studies_share_one_axis_and_each_has_one_colour():
    studies = [study([*BAD, *GOOD], name="a"), study(GOOD, name="b")]
    figure = visualization.plot_value_over_energy(studies)
    for name in "ab":
        own = [trace for trace in figure.data if (trace.name or "").startswith(f"{name}: ")]
        colours = {trace.marker.color or trace.line.color for trace in own}
        assert len(own) >= 2
        assert len(colours) == 1
    axes = figures.plot_value_over_energy(studies)
    line, dots = axes.lines[0], axes.collections[0]
    assert matplotlib.colors.to_rgb(line.get_color()) == tuple(dots.get_facecolor()[0][:3])


@pytest.mark.parametrize("module", [visualization, figures])
def test_energy_is_counted_in_mean_complete_trials_too(module):
    made = module.plot_value_over_energy(study_of(*(trial(i, 0.5, 2.0) for i in range(5))))
    if module is visualization:
        energy, trials = made.layout.xaxis.range, made.layout.xaxis2.range
        assert made.layout.xaxis2.title.text == "Mean Complete Trials"
    else:
        energy = made.get_xlim()
        (above,) = made.child_axes
        above.figure.draw_without_rendering()
        trials = above.get_xlim()
        assert above.get_xlabel() == "Mean Complete Trials"
    assert np.array(energy) / 2.0 == pytest.approx(np.array(trials))


def test_without_energies_there_is_no_second_axis():
    figure = visualization.plot_value_over_energy(study_of(trial(0, 0.5, None)))
    assert "xaxis2" not in figure.layout.to_plotly_json()
