import numpy as np
from smac.facade import HyperparameterOptimizationFacade
from smac.scenario import Scenario

from benchmarks.harness.hosts.smac import lean_forest
from surrogate.space.tasks import get_space


def test_the_forest_without_threads_is_that_of_the_facade():
    scenario = Scenario(get_space("fashion-nano"), seed=3)
    theirs, ours = HyperparameterOptimizationFacade.get_model(scenario), lean_forest(scenario)
    changed = {name for name, value in theirs.meta.items() if ours.meta[name] != value}
    assert changed == {"n_jobs", "max_leaf_nodes"}
    X = np.array([c.get_array() for c in scenario.configspace.sample_configuration(120)])
    costs = np.log(np.random.default_rng(0).uniform(0.1, 0.9, len(X)))
    predictions = []
    for forest in (theirs, ours):
        forest.train(X[:60], costs[:60])
        predictions.append(forest.predict_marginalized(X))
    np.testing.assert_array_equal(predictions[0], predictions[1])
