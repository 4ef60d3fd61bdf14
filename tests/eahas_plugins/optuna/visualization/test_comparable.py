"""The best is feasible and finite, and several studies can be told apart."""

import math

import optuna
import pytest

from eahas_plugins.optuna import visualization
from eahas_plugins.optuna.visualization import _data
from eahas_plugins.optuna.visualization import matplotlib as figures
from tests.eahas_plugins.optuna.visualization.test_figures import headless, study_of, trial

__all__ = ["headless"]


def constrained(number, value, kwh, broken_by):
    made = trial(number, value, kwh)
    made.system_attrs = {"constraints": [broken_by]}
    return made


def of_values(*values, direction="minimize", **attrs):
    trials = [trial(n, v, (n + 1) / 10) for n, v in enumerate(values)]
    return study_of(*trials, directions=[direction])


def ys(figure):
    """Of what the legend names; the axis of mean trials has a trace without points."""
    shown = [trace for trace in figure.data if trace.showlegend is not False]
    return {trace.name: [float(y) for y in trace.y] for trace in shown}


@pytest.mark.parametrize(
    ("direction", "values", "best"),
    [
        ("minimize", [math.inf, 0.9, 0.5, 0.7], [0.9, 0.5, 0.5]),
        ("minimize", [-math.inf, 0.9, 0.5, 0.7], [0.9, 0.5, 0.5]),
        ("maximize", [math.inf, 0.9, 0.5, 0.95], [0.9, 0.9, 0.95]),
    ],
)
def test_values_that_are_not_finite_are_left_out_and_named(caplog, direction, values, best):
    study = of_values(*values, direction=direction)
    assert ys(visualization.plot_value_over_energy(study))["Best Value"] == best
    assert "Trials 0 of study are left out" in caplog.text
    front = _data.energy_front(study, None, None)
    assert math.isfinite(front.hypervolume)
    assert 0 not in front.numbers
    for name in ("plot_value_over_energy", "plot_energy_pareto_front"):
        axes = getattr(figures, name)(study)
        assert all(map(math.isfinite, axes.get_ylim()))


@pytest.mark.parametrize("missing", [math.nan, None])
def test_a_target_that_some_trials_lack(missing):
    study = of_values(0.8, 0.9, 0.5, 0.7)
    target = {0: missing, 1: 0.9, 2: 0.5, 3: 0.7}
    figure = visualization.plot_energy_pareto_front(study, target=lambda t: target[t.number])
    assert ys(figure) == {"Trial": [0.7], "Front": [0.9, 0.5]}
    assert "nan" not in figure.layout.title.text


@pytest.mark.parametrize("module", [visualization, figures])
@pytest.mark.parametrize("name", ["plot_value_over_energy", "plot_energy_pareto_front"])
def test_a_target_that_is_no_number_is_named(module, name):
    show, study = getattr(module, name), of_values(0.8, 0.9)
    for wrong in ("a", [1.0, 2.0], 1j):
        with pytest.raises(ValueError, match="target must return a number, or None, for every"):
            show(study, target=lambda _, wrong=wrong: wrong)
    with pytest.raises(TypeError, match="target must be a function of a trial but got 3"):
        show(study, target=3)


def test_infeasible_trials_are_grey_and_never_the_best():
    study = study_of(
        constrained(0, 0.95, 0.1, 1.0),
        constrained(1, 0.5, 0.2, -1.0),
        constrained(2, 0.9, 0.3, 0.5),
        constrained(3, 0.6, 0.4, 0.0),
    )
    over = ys(visualization.plot_value_over_energy(study))
    assert over["Best Value"] == [0.5, 0.5, 0.6]
    assert over["Best Value"][-1] == study.best_value
    assert over["Infeasible"] == [0.95, 0.9]
    front = ys(visualization.plot_energy_pareto_front(study))
    assert front["Front"] == [0.5, 0.6]
    assert front["Infeasible"] == [0.95, 0.9]
    assert _data.energy_front(study, None, None).reference == (0.5, 0.4)
    for name in ("plot_value_over_energy", "plot_energy_pareto_front"):
        labels = getattr(figures, name)(study).get_legend_handles_labels()[1]
        assert "Infeasible" in labels


def test_a_study_in_which_nothing_is_feasible():
    study = study_of(constrained(0, 0.95, 0.1, 1.0))
    assert ys(visualization.plot_value_over_energy(study))["Best Value"] == []
    assert ys(visualization.plot_energy_pareto_front(study))["Front"] == []
    for name in ("plot_value_over_energy", "plot_energy_pareto_front"):
        getattr(figures, name)(study)


def test_dots_and_line_of_one_study_have_one_colour():
    studies = [study_of(trial(0, 0.5, 1.0), name=name) for name in ("one", "two")]
    figure = visualization.plot_value_over_energy(studies)
    colors = {"one": set(), "two": set()}
    for trace in (trace for trace in figure.data if trace.showlegend is not False):
        color = trace.marker.color if trace.mode == "markers" else trace.line.color
        colors[trace.name.split(":")[0]].add(color)
    assert [len(found) for found in colors.values()] == [1, 1]
    assert colors["one"] != colors["two"]


def test_the_history_of_several_studies():
    studies = [
        study_of(trial(0, 0.5, 1.0), name=n, cap=c) for n, c in (("one", 3.0), ("two", None))
    ]
    names = {trace.name for trace in visualization.plot_energy_history(studies).data}
    assert names == {"one: Trial", "one: Study", "one: Budget", "two: Trial", "two: Study"}
    axes = figures.plot_energy_history(studies)
    assert len(axes.collections) == 2


def test_odd_energies_are_none():
    odd = ["much", None, math.nan, -1.0, True]
    study = study_of(*(trial(n, 0.5, kwh) for n, kwh in enumerate(odd)), trial(9, 0.5, 2.0))
    assert _data.energy_history(study).cumulative_kwh[-1] == 2.0
    assert _data.energy_front(study, None, None).numbers == [5]
    optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.mark.parametrize("module", [visualization, figures])
def test_figures_of_one_study_say_so(module):
    studies = [study_of(trial(0, 0.5, 1.0), name=name) for name in ("one", "two")]
    for name in ("plot_energy_pareto_front", "plot_energy_by_state"):
        with pytest.raises(TypeError, match=f"{name} shows one study but got list"):
            getattr(module, name)(studies)
    for name in ("plot_energy_history", "plot_value_over_energy"):
        getattr(module, name)([])
