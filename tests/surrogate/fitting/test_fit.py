import dataclasses
import sys

import numpy as np
import pytest
from scipy.stats import kendalltau

from surrogate.fitting.build import build, describe
from surrogate.fitting.dataset import from_records, lacking
from surrogate.fitting.fit import KERNEL, TREES, Settings, Shape, control_points, curves_of, fit
from surrogate.fitting.noise import DEFAULT_OFFSET
from surrogate.fitting.selection import SHAPES, choose_model, choose_shape, curve_error, split
from surrogate.folder import DATA
from surrogate.loading import RECORDS
from surrogate.models.bezier import DEGREES
from surrogate.models.gaussian_process import Kernel
from surrogate.record_files import read_records
from surrogate.records import Complexity, Record
from tests.surrogate import made_up
from tests.surrogate.conftest import QUICK


@pytest.fixture(scope="module")
def data():
    return from_records(made_up.records(), made_up.TASK)


def test_dataset_of_records(data):
    assert len(data) == 104
    assert data.curve_names == ("train_accuracy", "val_accuracy", "test_accuracy")
    first = made_up.records()[0]
    np.testing.assert_array_equal(data.curves[0][1], first.val_accuracy)
    costs = dict(zip(data.cost_names, np.exp(data.costs[0]), strict=True))
    rest = first.train_cpu_s[1:].mean()
    assert costs["runtime_s"] == pytest.approx(rest)
    assert costs["runtime_s_first"] == pytest.approx(first.train_cpu_s[0] / rest)
    assert data.cost_jitter == pytest.approx(0.01, rel=0.2)
    assert data.group[0] == data.group[80] == data.group[81] == 0


def test_what_some_records_lack_is_left_out():
    records = made_up.records(20, 0)
    records[3] = dataclasses.replace(records[3], energy_kwh=None, train_accuracy=None)
    data = from_records(records, made_up.TASK)
    assert data.curve_names == ("val_accuracy", "test_accuracy")
    assert data.cost_names == ("runtime_s", "inference_energy_kwh", "runtime_s_first")
    assert lacking(records) == {"energy_kwh": [3], "train_accuracy": [3]}
    silent = [0.0, *records[5].energy_kwh[1:]]  # an epoch that no meter saw
    records[5] = dataclasses.replace(records[5], energy_kwh=silent)
    assert lacking(records)["energy_kwh"] == [3, 5]


def test_what_is_left_out_is_told_with_the_runs_that_lack_it(tmp_path):
    records = made_up.records(20, 0)
    records[3] = dataclasses.replace(records[3], energy_kwh=None)
    told = build(records, made_up.TASK, tmp_path, settings=QUICK, shapes=SHAPES[:1])
    assert "without energy_kwh, which 1 of the trainings have not (run 3)" in told
    assert "without" not in build(
        records[4:], made_up.TASK, tmp_path, settings=QUICK, shapes=SHAPES[:1]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda records: records[:2], "at least 3 configurations, .* but are of 2"),
        (lambda records: [records[0]] * 9, "at least 3 configurations, .* but are of 1"),
        (
            lambda records: [
                dataclasses.replace(r, train_accuracy=None, val_accuracy=None, test_accuracy=None)
                for r in records
            ],
            "records must have one of train_accuracy, val_accuracy, test_accuracy",
        ),
        (
            lambda records: [
                dataclasses.replace(r, machine={"gpu": "A"}, train_wall_s=2.0 * r.train_cpu_s)
                for r in records
            ],
            "in all 5 the wall-clock time is over 1.2 times the CPU time",
        ),
    ],
)
def test_what_nothing_can_be_held_out_of_is_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        build(change(made_up.records(5, 0)), made_up.TASK, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_energy_of_different_kinds_says_so():
    records = made_up.records(6, 0)
    records[2] = dataclasses.replace(records[2], meter={"kind": "measured", "name": "NVML"})
    told = describe(records, made_up.TASK, from_records(records, made_up.TASK))
    assert told["energy"] == "estimated and measured"
    records[3] = dataclasses.replace(records[3], meter={"kind": "simulated", "name": "made up"})
    with pytest.raises(ValueError, match="must all be simulated or none of them, but are estim"):
        describe(records, made_up.TASK, from_records(records, made_up.TASK))


def test_a_configuration_in_single_precision_is_a_repeat():
    record = made_up.records(1, 0)[0]
    single = {
        n: float(np.float32(v)) if isinstance(v, float) else v for n, v in record.config.items()
    }
    assert single != record.config
    again = dataclasses.replace(record, config=single)
    assert from_records([record, again], made_up.TASK).group.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "cifar10"}, "must belong to task 'fashion-nano'"),
        ({"config": {"depth": 4}}, r"configs\[0\]: .*lacks"),
        ({"complexity": Complexity(params=1, flops=2, activations=3)}, "complexity must be"),
        ({"status": "failed"}, "at least one finished record"),
    ],
)
def test_refuses_records_of_something_else(change, message):
    record = dataclasses.replace(made_up.records(1, 0)[0], **change)
    with pytest.raises(ValueError, match=message):
        from_records([record], made_up.TASK)


def test_refuses_curves_of_another_length():
    line = made_up.records(1, 0)[0].to_json()
    short = {**line, **{n: v[:5] for n, v in line.items() if isinstance(v, list)}}
    with pytest.raises(ValueError, match="as many epochs as its max_epoch"):
        from_records([Record.from_json(short)], made_up.TASK)


def test_refuses_records_of_nothing():
    line = made_up.records(1, 0)[0].to_json()
    bare = {name: line[name] for name in ("schema", "config")}
    bare["train_loss"] = [1.0] * line["config"]["max_epoch"]
    with pytest.raises(ValueError, match="must have a curve or a cost"):
        from_records([Record.from_json(bare)], made_up.TASK)


def test_split_keeps_repeats_together(data):
    learn, held = split(data, share=0.25, seed=3)
    assert len(learn) + len(held) == len(data)
    assert not set(learn.group) & set(held.group)
    assert len(set(held.group)) == 20


@pytest.mark.parametrize("shape", SHAPES)
def test_control_points_give_back_the_curves(data, shape):
    points = control_points(data, shape)
    assert curve_error(points, shape, data) < 0.02
    one = curves_of(points[:1], shape, 20)
    assert one.shape == (1, 3, 20)


def test_shape_is_chosen_by_held_out_error(data):
    shapes = [Shape(degree=4, power=2.0), Shape(degree=4, power=30.0)]  # the latter is absurd
    best, errors = choose_shape(data, QUICK, shapes)
    assert best == shapes[0]
    assert errors["degree 4, x power 2.0"] < errors["degree 4, x power 30.0"]
    assert {shape.degree for shape in SHAPES} == set(DEGREES)


@pytest.mark.parametrize("power", [None, 2.0])
def test_members_differ_and_their_mean_is_the_prediction(data, power):
    fitted = fit(data, Shape(degree=4, power=power), QUICK)
    members = fitted.forest.predict_members(data.X, QUICK.n_members)
    assert members.shape == (3, len(data), fitted.forest.n_outputs)
    np.testing.assert_allclose(members.mean(axis=0), fitted.forest.predict(data.X), atol=1e-6)
    assert members.std(axis=0).max() > 1e-3


def test_noise_is_that_of_repeats(data):
    noise = fit(data, Shape(degree=4, power=2.0), QUICK).noise
    # Made-up curves jitter by 0.01 at the beginning, and not at the end.
    assert noise.curve_jitter.shape == (3, 9)
    assert 0.003 < noise.curve_jitter[1, 1] < 0.02
    assert noise.curve_jitter[1, -1] < 0.003
    silent = fit(
        from_records(made_up.records(80, 0), made_up.TASK), Shape(degree=4, power=2.0), QUICK
    )
    assert silent.noise.offset == DEFAULT_OFFSET  # nothing to learn it from


def test_a_kernel_is_chosen_where_it_predicts_better(data):
    shape = Shape(degree=4, power=2.0)
    chosen = choose_model(data, shape, QUICK)
    errors = {}
    for curve_model in (KERNEL, TREES):
        learn, held = split(data, share=0.25, seed=9)
        fitted = fit(learn, shape, dataclasses.replace(QUICK, curve_model=curve_model))
        assert isinstance(fitted.curve_model, Kernel) == (curve_model == KERNEL)
        outputs = fitted.outputs(held.X)
        assert outputs.shape == (len(held), 3 * 5 + len(held.cost_names))
        errors[curve_model] = curve_error(outputs[:, :15], shape, held)
    assert chosen.curve_model == min(errors, key=errors.__getitem__)


@pytest.mark.parametrize(("nearly", "chosen"), [(0.01, KERNEL), (100.0, TREES)])
def test_trees_are_taken_where_they_do_nearly_as_well(data, monkeypatch, nearly, chosen):
    monkeypatch.setattr("surrogate.fitting.selection.NEARLY", nearly)
    assert choose_model(data, Shape(degree=4, power=2.0), QUICK).curve_model == chosen


def test_ranks_measured_configurations_it_has_not_seen():
    records = read_records(DATA / "fashion-nano" / RECORDS).records
    measured = from_records(records, "fashion-nano")
    shape = Shape(degree=4, power=2.0)
    found, truth = [], []
    for seed in range(3):
        learn, held = split(measured, share=0.3, seed=seed)
        outputs = fit(learn, shape, Settings(curve_model=KERNEL)).outputs(held.X)
        for row, curves in zip(outputs, held.curves, strict=True):
            found.append(curves_of(row[None, :15], shape, curves.shape[1])[0, 1, -1])
            truth.append(curves[1, -1])
    assert kendalltau(found, truth).statistic > 0.5


def test_what_networks_need_is_said_before_anything_is_fitted(tmp_path, monkeypatch):
    monkeypatch.setattr("surrogate.fitting.selection.MOST_FOR_KERNEL", 10)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delattr("surrogate.fitting.build.choose_shape")
    with pytest.raises(ImportError, match=r"pip install 'eahas-plugins\[train\]'"):
        build(made_up.records(20, 0), made_up.TASK, tmp_path)
