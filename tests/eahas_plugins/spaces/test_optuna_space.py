import warnings

import ConfigSpace as CS  # noqa: N817
import numpy as np
import optuna
import pytest
from ConfigSpace import Beta, Configuration, ConfigurationSpace, Float, Integer, Normal
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler

from eahas_plugins.spaces import (
    ForbiddenConfigurationError,
    OptunaSpace,
    decode,
    distributions,
    index_space,
    native_config,
    suggest,
    to_configuration,
)
from eahas_plugins.spaces.ordinals import encode
from surrogate.space.definitions import TASKS
from surrogate.space.tasks import check, get_space


def everything():
    """A space with every kind of hyperparameter, condition and clause."""
    space = ConfigurationSpace(seed=0)
    a = CS.CategoricalHyperparameter("a", ["x", "y", "z"])
    lr = Float("lr", (1e-4, 1.0), log=True)
    n = Integer("n", (1, 100), log=True)
    o = CS.OrdinalHyperparameter("o", ["low", "mid", "high"])
    steps = CS.OrdinalHyperparameter("steps", [0.1, 0.2, 0.3, 0.4])
    sizes = CS.OrdinalHyperparameter("sizes", [8, 16, 32])
    normal = Float("normal", (0.0, 10.0), distribution=Normal(3, 1))
    beta = Integer("beta", (0, 10), distribution=Beta(2, 3))
    fixed = CS.Constant("fixed", 7)
    flag = CS.CategoricalHyperparameter("flag", [True, False])
    space.add(a, lr, n, o, steps, sizes, normal, beta, fixed, flag)
    space.add(CS.EqualsCondition(lr, a, "x"))
    space.add(CS.AndConjunction(CS.GreaterThanCondition(n, lr, 1e-2), CS.InCondition(n, a, ["x"])))
    space.add(CS.GreaterThanCondition(steps, o, "low"))
    space.add(
        CS.OrConjunction(CS.EqualsCondition(sizes, a, "y"), CS.NotEqualsCondition(sizes, o, "low"))
    )
    space.add(
        CS.ForbiddenAndConjunction(
            CS.ForbiddenEqualsClause(a, "z"), CS.ForbiddenInClause(o, ["low", "high"])
        )
    )
    return space


def ask(n, seed=0):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=RandomSampler(seed=seed))
    return [study.ask() for _ in range(n)]


def test_suggestions_are_legal_configurations_of_native_values():
    space = everything()
    translated = OptunaSpace(space)
    seen, forbidden = [], 0
    for trial in ask(300):
        try:
            config = translated.suggest(trial)
        except ForbiddenConfigurationError:
            forbidden += 1
            with pytest.raises(CS.exceptions.ForbiddenValueError):
                Configuration(space, values=_unchecked(translated, trial.params))
            continue
        Configuration(space, values=config)  # ConfigSpace raises if anything is illegal
        assert all(type(v) in (int, float, str, bool) for v in config.values())
        assert translated.to_config(trial.params) == config
        back = native_config(to_configuration(space, trial.params))
        rounded = {n: pytest.approx(v) if type(v) is float else v for n, v in config.items()}
        assert back == rounded  # ConfigSpace rounds floats
        seen.append(config)
    assert 0 < forbidden < 150
    for name in space:
        assert any(name in config for config in seen)
    assert any("lr" in c and "n" not in c for c in seen)
    assert any("sizes" not in c for c in seen)


def _unchecked(translated, params):
    copied = OptunaSpace(translated.space)
    copied.space = ConfigurationSpace()  # no clauses
    return copied.to_config(params)


def test_distributions():
    got = distributions(everything())
    assert got == {
        "a": CategoricalDistribution(("x", "y", "z")),
        "lr": FloatDistribution(1e-4, 1.0, log=True),
        "n": IntDistribution(1, 100, log=True),
        "o": CategoricalDistribution(("low", "mid", "high")),
        "steps": FloatDistribution(0.1, 0.4, step=0.1),
        "sizes": CategoricalDistribution((8, 16, 32)),
        "normal": FloatDistribution(0.0, 10.0),
        "beta": IntDistribution(0, 10),
        "flag": CategoricalDistribution((True, False)),
    }


@pytest.mark.parametrize("task", TASKS)
def test_joint_spaces_keep_their_steps_exactly(task):
    space = get_space(task)
    translated = OptunaSpace(space)
    assert translated.distributions()["wa"].step == 0.1
    values = TASKS[task].values
    for trial in ask(100):
        config = translated.suggest(trial)
        assert all(config[name] in values[name] for name in config)  # 8.3, not 8.299999
        assert check(config, task) == {name: config[name] for name in values}


def test_every_step_survives_the_way_there_and_back():
    values = TASKS["cifar10"].values["wa"]
    space = ConfigurationSpace()
    space.add(CS.OrdinalHyperparameter("wa", values))
    translated = OptunaSpace(space)
    for i, value in enumerate(values):
        wrong_by_rounding = 8.0 + i * 0.1
        assert translated.to_config({"wa": wrong_by_rounding}) == {"wa": value}


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ([3, 2, 1], IntDistribution(1, 3)),
        ([0, 16], IntDistribution(0, 16, step=16)),
        ([1, 2, 4], CategoricalDistribution((1, 2, 4))),
        ([5], CategoricalDistribution((5,))),
        ([1, 1.5, 2.0], FloatDistribution(1, 2, step=0.5)),
    ],
)
def test_ordinals(sequence, expected):
    space = ConfigurationSpace()
    space.add(CS.OrdinalHyperparameter("o", sequence))
    assert distributions(space) == {"o": expected}
    for trial in ask(10):
        assert suggest(trial, space)["o"] in sequence


def test_choices_that_optuna_cannot_store_go_by_their_name():
    space = ConfigurationSpace()
    space.add(CS.CategoricalHyperparameter("c", [(1, 2), (3, 4)]))
    trial = ask(1)[0]
    config = suggest(trial, space)
    assert config["c"] in [(1, 2), (3, 4)]
    assert trial.params["c"] == repr(config["c"])


def test_missing_parameters():
    with pytest.raises(ValueError, match="must hold 'b'"):
        OptunaSpace(ConfigurationSpace({"a": (0, 1), "b": (0, 1)})).to_config({"a": 1})


def test_positions_in_place_of_ordinals():
    space = everything()
    indexed = index_space(space, seed=1)
    assert not any(isinstance(h, CS.OrdinalHyperparameter) for h in indexed.values())
    for config in indexed.sample_configuration(200):
        decoded = decode(config, space)
        Configuration(space, values=decoded)
        assert all(not isinstance(v, np.generic) for v in decoded.values())
        assert encode(decoded, space) == native_config(config)
    for config in space.sample_configuration(200):
        Configuration(indexed, values=encode(config, space))


@pytest.mark.parametrize("task", TASKS)
def test_joint_spaces_as_positions(task):
    space = get_space(task)
    for config in index_space(space, seed=0).sample_configuration(50):
        check(decode(config, space), task)


def test_relations_between_ordinals_are_refused():
    space = ConfigurationSpace()
    left, right = (CS.OrdinalHyperparameter(name, [1, 2, 4]) for name in "lr")
    space.add(left, right, CS.ForbiddenGreaterThanRelation(left, right))
    with pytest.raises(ValueError, match="must not compare an ordinal"):
        index_space(space)


def test_relations_between_numbers():
    space = ConfigurationSpace(seed=0)
    low, high = Integer("low", (0, 9)), Integer("high", (0, 9))
    space.add(low, high, CS.ForbiddenGreaterThanRelation(low, high))
    assert all(c["low"] <= c["high"] for c in index_space(space, seed=0).sample_configuration(50))
    translated = OptunaSpace(space)
    for trial in ask(50):
        try:
            config = translated.suggest(trial)
            assert config["low"] <= config["high"]
        except ForbiddenConfigurationError:
            assert trial.params["low"] > trial.params["high"]


def test_unknown_kinds_are_named():
    from eahas_plugins.spaces import parameter_of

    class Odd:
        name = "odd"

    with pytest.raises(TypeError, match="hyperparameter 'odd' must be a float"):
        parameter_of(Odd())


@pytest.mark.parametrize("kind", [CS.CategoricalHyperparameter, CS.OrdinalHyperparameter])
@pytest.mark.parametrize(
    "members",
    [
        [None, 1, 2],
        [None, "x"],
        [[1, 2], [3]],
        [(1, 2), (3, 4)],
        [{"a": 1}, {"a": [2]}],
        [2**70, 2**70 + 1, 2**70 + 2],
        [2**53, 2**53 + 1, 2**53 + 2],
        [1, 2**80],
        [10**400, 10**401],
        [1, "1", 1.5],
        [1.0, 2.0, float("inf")],
        ["only"],
    ],
)
def test_every_value_survives_a_study(kind, members):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = ConfigurationSpace()
    space.add(kind("x", members))
    translated, seen = OptunaSpace(space), []

    def objective(trial):
        seen.append(translated.suggest(trial))
        return float(len(seen) % 3)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna's on choices that no JSON holds exactly
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(n_startup_trials=3, seed=0))
        study.optimize(objective, n_trials=15)
    for trial, config in zip(study.trials, seen, strict=True):
        assert any(config["x"] is m or config["x"] == m for m in members)
        assert translated.to_config(trial.params) == config
    assert len({repr(config) for config in seen}) == len(members)
