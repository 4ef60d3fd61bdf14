import numpy as np
import pytest

from surrogate.space.definitions import TASKS
from surrogate.space.regnet import Stage, complexities, complexity, stages
from surrogate.space.tasks import check, get_space

CONFIG = {"depth": 6, "w0": 48, "wa": 16.0, "wm": 2.5, "group_width": 16}


def test_stages_by_hand() -> None:
    # Linear widths 48 64 80 96 112 128; exponents of 2.5: 0 0 1 1 1 1 -> 48 48 120 120 120 120
    assert stages(CONFIG) == (
        Stage(depth=2, width=48, group_width=16),
        Stage(depth=4, width=128, group_width=16),
    )


def test_groups_no_wider_than_the_stage() -> None:
    # Linear widths 8 10 12 14; exponents 0 0 0 1
    assert stages({**CONFIG, "w0": 8, "wa": 2.0, "depth": 4})[0] == Stage(
        depth=3, width=8, group_width=8
    )


def test_one_stage_network_by_hand() -> None:
    trunk = TASKS["fashion-nano"].trunk
    config = {"depth": 1, "w0": 8, "wa": 2.0, "wm": 2.5, "group_width": 4}
    size = complexity(config, trunk)
    stem, norm = 9 * 8, 2 * 8
    block = 8 * 8 + 9 * 4 * 8 + 8 * 8 + 8 * 8 + 4 * norm
    assert size.params == stem + norm + block + 8 * 10 + 10
    assert size.flops == 196 * stem + 196 * 64 + 49 * (9 * 4 * 8 + 64 + 64) + 80
    assert size.activations == 196 * 8 + 196 * 8 + 49 * 8 * 3


@pytest.mark.parametrize(
    ("task", "share"), [("cifar10", 0.79), ("tinyimagenet", 0.52)], ids=["cifar10", "tinyimagenet"]
)
def test_share_of_two_stage_networks_is_the_published_one(task: str, share: float) -> None:
    samples = get_space(task, seed=0).sample_configuration(4000)
    assert np.mean([len(stages(c)) == 2 for c in samples]) == pytest.approx(share, abs=0.025)


def test_sizes_of_two_stage_networks_span_the_known_range() -> None:
    samples = get_space("cifar10", seed=0).sample_configuration(4000)
    two_stage = [c for c in samples if len(stages(c)) == 2]
    params, flops, _ = complexities(two_stage, TASKS["cifar10"].trunk)
    assert np.median(flops) == pytest.approx(64e6, rel=0.05)
    assert flops.min() == pytest.approx(11e6, rel=0.1)
    assert flops.max() == pytest.approx(338e6, rel=0.1)
    assert params.min() == pytest.approx(0.08e6, rel=0.5)
    assert params.max() == pytest.approx(4.8e6, rel=0.05)


@pytest.mark.parametrize("task", TASKS)
def test_one_and_many_agree(task: str) -> None:
    configs = [check(c, task) for c in get_space(task, seed=4).sample_configuration(100)]
    many = complexities(configs, TASKS[task].trunk)
    for config, expected in zip(configs, many.T.tolist(), strict=True):
        size = complexity(config, TASKS[task].trunk)
        assert [size.params, size.flops, size.activations] == expected
