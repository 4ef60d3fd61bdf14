"""The data behind the figures, and both renderings of each."""

import datetime
import math
import subprocess
import sys

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from eahas_plugins.optuna import visualization
from eahas_plugins.optuna.visualization import _data
from eahas_plugins.optuna.visualization import matplotlib as figures

START = datetime.datetime(2024, 1, 1)
NAMES = [
    "plot_energy_history",
    "plot_value_over_energy",
    "plot_energy_pareto_front",
    "plot_energy_by_state",
]


@pytest.fixture(autouse=True)
def headless():
    matplotlib.use("Agg")
    yield
    plt.close("all")


def trial(number, value, kwh, *, state=TrialState.COMPLETE, minute=None, **attrs):
    made = optuna.trial.create_trial(
        state=state,
        values=None if state is not TrialState.COMPLETE else np.atleast_1d(value).tolist(),
        user_attrs={**({} if kwh is None else {"energy_kwh": kwh}), **attrs},
    )
    made.datetime_start = START
    if state is not TrialState.RUNNING:
        made.datetime_complete = START + datetime.timedelta(
            minutes=number if minute is None else minute
        )
    return made


def study_of(*trials, cap=None, directions=("maximize",), name="study"):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(directions=list(directions), study_name=name)
    study.add_trials(trials)
    if cap is not None:
        study.set_user_attr("energy_cap_kwh", cap)
    return study


@pytest.fixture
def study():
    return study_of(
        trial(0, 0.5, 1.0, minute=10),
        trial(1, 0.7, 2.0, minute=5),  # ended before trial 0
        trial(2, None, 0.5, state=TrialState.PRUNED, minute=11, energy_reserved_kwh=2.0),
        trial(3, 0.6, 0.25, minute=12),
        trial(4, None, 0.25, state=TrialState.FAIL, minute=13),
        trial(5, None, None, state=TrialState.PRUNED, minute=14),
        trial(6, None, 0.1, state=TrialState.RUNNING),
        cap=5.0,
    )


def test_history(study):
    history = _data.energy_history(study)
    assert history.numbers == [1, 0, 2, 3, 4, 5, 6]
    assert history.kwh.tolist() == [2.0, 1.0, 0.5, 0.25, 0.25, 0.0, 0.1]
    assert history.cumulative_kwh.tolist() == [2.0, 3.0, 3.5, 3.75, 4.0, 4.0, 4.1]
    assert history.cap_kwh == 5.0


def test_value_curve_counts_the_energy_of_all_trials(study):
    curve = _data.value_curve(study, None)
    assert curve.numbers == [1, 0, 3]
    assert curve.kwh.tolist() == [2.0, 3.0, 3.75]
    assert curve.values.tolist() == [0.7, 0.5, 0.6]
    assert curve.best.tolist() == [0.7, 0.7, 0.7]
    assert _data.value_curve(study, lambda t: -t.value).best is None


def test_value_curve_of_a_minimising_study():
    study = study_of(trial(0, 3.0, 1.0), trial(1, 1.0, 1.0), directions=["minimize"])
    assert _data.value_curve(study, None).best.tolist() == [3.0, 1.0]


def test_front_and_hypervolume(study):
    front = _data.energy_front(study, None, None)
    assert [front.numbers[i] for i in front.on_front] == [3, 1]
    assert front.reference == (0.5, 2.0)
    # (0.6 - 0.5) * (2 - 0.25); trial 1 lies on the reference energy
    assert front.hypervolume == pytest.approx(0.1 * 1.75)
    wider = _data.energy_front(study, None, (0.0, 3.0))
    assert wider.hypervolume == pytest.approx(0.6 * 1.75 + 0.7 * 1.0)
    assert _data.energy_front(study, None, (0.9, 0.1)).hypervolume == 0.0


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_hypervolume_is_optunas():
    from optuna._hypervolume import compute_hypervolume

    rng = np.random.default_rng(0)
    points = rng.random((30, 2))
    study = study_of(
        *(trial(i, float(y), float(x)) for i, (x, y) in enumerate(points)),
        directions=["minimize"],
    )
    front = _data.energy_front(study, None, (0.8, 0.9))
    expected = compute_hypervolume(points[(points < [0.9, 0.8]).all(axis=1)], np.array([0.9, 0.8]))
    assert front.hypervolume == pytest.approx(expected)


def test_several_objectives():
    study = study_of(
        trial(0, [0.5, 1.0], 1.0), trial(1, [0.6, 2.0], 2.0), directions=["maximize", "minimize"]
    )
    assert _data.energy_front(study, None, None).values.tolist() == [0.5, 0.6]
    with pytest.raises(ValueError, match="`target` must be given"):
        _data.value_curve(study, None)
    for module in (visualization, figures):
        with pytest.raises(ValueError, match="`target` must be given"):
            module.plot_value_over_energy(study)
        module.plot_value_over_energy(study, target=lambda t: t.values[1], target_name="kWh")


def test_by_state(study):
    complete, pruned, failed, running = _data.energy_by_state(study)
    assert (complete.n_trials, complete.kwh, complete.saved_kwh) == (3, 3.25, None)
    assert (pruned.n_trials, pruned.kwh, pruned.saved_kwh) == (2, 0.5, 1.5)
    assert (failed.n_trials, failed.kwh) == (1, 0.25)
    assert (running.n_trials, running.kwh) == (1, 0.1)


def test_savings_nobody_knows_are_not_shown():
    study = study_of(trial(0, None, 0.5, state=TrialState.PRUNED))
    assert _data.energy_by_state(study)[0].saved_kwh is None
    assert len(visualization.plot_energy_by_state(study).data) == 1


@pytest.mark.parametrize("name", NAMES)
def test_matplotlib_renders(study, name, tmp_path):
    axes = getattr(figures, name)(study)
    axes.figure.savefig(tmp_path / "figure.png")
    image = plt.imread(tmp_path / "figure.png")
    assert np.ptp(image[..., :3]) > 0.5  # something is drawn
    assert axes.get_title()
    assert "kWh" in axes.get_xlabel() + axes.get_ylabel()


@pytest.mark.parametrize("name", NAMES)
def test_plotly_renders(study, name):
    figure = getattr(visualization, name)(study)
    html = figure.to_html(include_plotlyjs=False)
    assert figure.layout.title.text.partition("<br>")[0] in html
    assert figure.data


def test_plotly_and_matplotlib_show_the_same(study):
    figure = visualization.plot_energy_history(study)
    bars = {y for trace in figure.data if trace.type == "bar" for y in trace.y}
    axes = figures.plot_energy_history(study)
    assert {patch.get_height() for patch in axes.patches} == bars
    figure = visualization.plot_value_over_energy(study)
    axes = figures.plot_value_over_energy(study)
    best = next(trace for trace in figure.data if trace.name == "Best Value")
    assert axes.lines[0].get_ydata().tolist() == list(best.y)


def test_several_studies_are_compared():
    studies = [study_of(trial(0, 0.5, 1.0), name=name) for name in ("one", "two")]
    figure = visualization.plot_value_over_energy(studies)
    assert {trace.name for trace in figure.data if trace.showlegend is not False} == {
        f"{name}: {what}" for name in ("one", "two") for what in ("Objective Value", "Best Value")
    }
    axes = figures.plot_value_over_energy(studies)
    assert len(axes.lines) == 2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("module", [visualization, figures])
def test_empty_studies_and_studies_without_energy(module, name):
    getattr(module, name)(study_of())
    getattr(module, name)(study_of(trial(0, 0.5, None)))


def test_empty_front_has_no_hypervolume():
    front = _data.energy_front(study_of(), None, None)
    assert front.on_front == []
    assert math.isnan(front.reference[0])
    assert "Hypervolume" not in visualization.plot_energy_pareto_front(study_of()).layout.title.text


@pytest.mark.parametrize(
    ("hidden", "asked"),
    [
        ("plotly", "eahas_plugins.optuna.visualization.plot_energy_history"),
        ("matplotlib", "eahas_plugins.optuna.visualization.matplotlib.plot_energy_history"),
    ],
)
def test_a_missing_library_is_named(hidden, asked):
    code = (
        "import sys, importlib\n"
        f"sys.modules[{hidden!r}] = None\n"
        f"module, _, name = {asked!r}.rpartition('.')\n"
        "getattr(importlib.import_module(module), name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'eahas-plugins[viz]'" in done.stderr


def test_a_small_study_is_shown_in_joules():
    study = study_of(
        trial(0, 0.5, 1e-5),
        trial(1, None, 1e-5, state=TrialState.PRUNED, energy_reserved_kwh=2e-5),
        cap=1e-4,
    )
    front = visualization.plot_energy_pareto_front(study)
    assert front.layout.xaxis.title.text == "Energy (J)"
    assert front.data[1].x.tolist() == pytest.approx([36.0])
    assert "J x value" in front.layout.title.text
    assert "<br>" in front.layout.title.text  # lines that fit a phone
    history = visualization.plot_energy_history(study)
    assert history.layout.yaxis2.title.text == "Energy of the Study (J)"
    assert history.data[-1].y == pytest.approx((360.0, 360.0))
    curve = visualization.plot_value_over_energy(study)
    assert curve.layout.xaxis.title.text == "Energy of the Study (J)"
    assert curve.data[0].x.tolist() == pytest.approx([36.0])
    states = visualization.plot_energy_by_state(study)
    assert [trace.name for trace in states.data] == ["Spent", "Saved by Pruning (Estimated)"]
    assert states.data[1].y == pytest.approx((36.0,))
    for name in NAMES:
        axes = getattr(figures, name)(study)
        assert "(J)" in axes.get_xlabel() + axes.get_ylabel()


def test_both_libraries_have_the_same_figures():
    names = [name for name in visualization.__all__ if name.startswith("plot")]
    assert set(NAMES) <= set(names)
    assert names == sorted(name for name in vars(figures) if name.startswith("plot_"))
    assert all(
        callable(getattr(module, name)) for module in (visualization, figures) for name in names
    )


@pytest.mark.parametrize("value", [3e8, 2e-9])
def test_powers_of_ten_do_not_stand_on_the_axis_above(value):
    trials = [trial(i, value * (1 + i), 1e-3) for i in range(40)]
    axes = figures.plot_value_over_energy(study_of(*trials, directions=("minimize",)))
    axes.figure.canvas.draw()
    power = axes.yaxis.get_offset_text()
    assert power.get_text()
    (above,) = axes.child_axes
    for label in above.get_xticklabels():
        assert not power.get_window_extent().overlaps(label.get_window_extent())
