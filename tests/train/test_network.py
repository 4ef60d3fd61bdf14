import pytest
import torch

from benchmarks.collection.training.network import RegNet
from surrogate.space.definitions import TASKS
from surrogate.space.regnet import complexity
from surrogate.space.tasks import check, get_space


def _count(config: dict[str, object], task: str) -> tuple[int, int, int]:
    """Parameters, multiply-adds and convolution outputs, counted while the network runs."""
    trunk = TASKS[task].trunk
    network = RegNet(config, trunk).eval()
    flops = activations = 0

    def count(module: torch.nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal flops, activations
        if isinstance(module, torch.nn.Conv2d):
            activations += output.numel()
            flops += output.numel() * module.weight[0].numel()
        elif isinstance(module, torch.nn.Linear):
            flops += module.weight.numel()

    for module in network.modules():
        module.register_forward_hook(count)
    size = trunk.image_size_px
    with torch.inference_mode():
        logits = network(torch.zeros(1, trunk.image_channels, size, size))
    assert logits.shape == (1, trunk.n_classes)
    return sum(p.numel() for p in network.parameters()), flops, activations


@pytest.mark.parametrize("task", TASKS)
def test_fifty_random_networks_are_counted_exactly(task: str) -> None:
    for sample in get_space(task, seed=11).sample_configuration(50):
        config = check(sample, task)
        size = complexity(config, TASKS[task].trunk)
        assert _count(config, task) == (size.params, size.flops, size.activations), config
