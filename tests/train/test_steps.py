import copy

import pytest
import torch

from benchmarks.collection.planned_runs import planned_steps
from benchmarks.collection.training.steps import EMA_DECAY, Steps
from surrogate.space.definitions import TASKS
from surrogate.space.regnet import complexity

TRUNK = TASKS["cifar10"].trunk


def steps(precision="fp32", optimizer="sgd", seed=3):
    config = {**planned_steps("cifar10", 0).config, "depth": 6, "w0": 48, "optimizer": optimizer}
    return config, Steps(
        config, TRUNK, batch=4, precision=precision, device=torch.device("cpu"), seed=seed
    )


def network_of(found):
    return found._network


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_a_step_trains_the_network_and_moves_the_average(precision, optimizer):
    _, found = steps(precision, optimizer)
    before = copy.deepcopy(network_of(found)[0].weight.detach())
    found.train()  # the average begins as a copy of what this gives
    first = copy.deepcopy(network_of(found)[0].weight.detach())
    found.train()
    second = network_of(found)[0].weight.detach()
    assert not torch.equal(before, first)
    average = found._average.module[0].weight.detach()
    torch.testing.assert_close(average, EMA_DECAY * first + (1.0 - EMA_DECAY) * second)
    assert found.loss_is_finite
    assert second.dtype == torch.float32


def test_bf16_computes_in_bf16():
    seen = []
    for precision in ("fp32", "bf16"):
        _, found = steps(precision)
        network_of(found)[0].register_forward_hook(lambda m, i, output: seen.append(output.dtype))
        found.train()
    assert seen == [torch.float32, torch.bfloat16]


def test_evaluation_and_inference_use_the_average_and_change_nothing():
    _, found = steps()
    found.train()
    seen = []
    found._average.module[0].register_forward_hook(lambda m, i, o: seen.append(len(i[0])))
    state = copy.deepcopy(network_of(found).state_dict())
    found.evaluate()
    found.infer()
    assert seen == [4, 1]
    for name, value in network_of(found).state_dict().items():
        assert torch.equal(value, state[name])
    assert 0 <= int(found._n_right) <= 4


def test_it_is_the_network_of_the_task():
    config, found = steps()
    n_params = sum(p.numel() for p in network_of(found).parameters())
    assert n_params == complexity(config, TRUNK).params


def test_the_same_seed_takes_the_same_step():
    losses = []
    for seed in (3, 3, 4):
        _, found = steps(seed=seed)
        found.train()
        losses.append(float(found._loss))
    assert losses[0] == losses[1] != losses[2]
