"""Learning curves of the simulated trainings.

Everything is a sum in log-odds of the accuracy, z = log(a / (1 - a)). With u the decades by which
a configuration's learning rate exceeds its best one, and r(t) the learning rate of epoch t
relative to the best, R of which is the base and f(t) the policy's fraction of it
(:mod:`surrogate.simulation.schedule`)::

    S(t) = sum over epochs of 1.6 r^0.8 / (0.6 + r^0.8)         progress, in epochs at the best rate
    a(t) = a_end - (a_end - chance) (1 + S / tau)^-1.1           what has been learnt so far
    z(t) = logit a(t) - damage max(u, 0)^2 t / T                 harm that a high rate adds up
           - 2.4 f(t) R^1.2 / (0.5 + R^1.2)                      agitation, gone once annealed
           + luck + wandering(t)

a_end has the log-odds ``best_logit`` + architecture + optimiser + policy - loss by a too low rate
- overfitting - price of cutout. So a long schedule in its first half ranks configurations by how
calm their learning rate is, a complete short one by nearly the final order, and the best rate,
cutout and size of the network depend on the schedule's length.

Divergence has probability sigmoid((u - u_d) / 0.2); from a random epoch in the first 15 % of the
schedule on the network then guesses. ``best_logit``, ``damage``, ``u_d`` and the slopes of a
:class:`~surrogate.space.task.Difficulty` are fitted to the published accuracies, all else is an
assumption of the usual size. How well complete short schedules and cut long ones predict the end
follows real trainings on Fashion-MNIST (rank correlations .87 for a complete quarter schedule, .94
for a half one, far less for cut ones).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from surrogate.simulation.architecture import REFERENCE_PARAMS, doublings, quality, ripple
from surrogate.simulation.draws import Draws, correlated
from surrogate.simulation.inputs import Floats, Inputs
from surrogate.simulation.schedule import excess_decades, policy
from surrogate.space.task import Difficulty

Curves = NDArray[np.float64]
"""Shape (n_configs, n_epochs)."""

OPTIMIZER_LOGIT = {"sgd": 0.0, "adam": -0.22, "adamw": -0.06}
"""At the best rate: L2 regularisation suits Adam badly, decoupled decay nearly as well as SGD."""
POLICY_LOGIT = {"cos": 0.0, "lin": -0.02, "exp": -0.12}
DIVERGES_AT = {"sgd": 1.55, "adam": 2.75, "adamw": 2.85}
"""Decades above the best rate at which half of the trainings diverge."""
LATEST_DIVERGENCE = 0.15
"""Trainings diverge in this first share of the schedule, most right after warm-up."""
UNSTABLE_LOGIT = 0.55
"""Standard deviation of a training's luck where the rate is far too high."""
AGITATION_LOGIT = 2.4
"""Log-odds lost while the learning rate is high."""
SMOOTH = 0.95
"""Correlation of one epoch with the next in a schedule of 100: weights are averaged over epochs."""
SAMPLING = 0.8
"""Sampling error between trainings as a share of the binomial one."""
SHIFT_PER_EPOCHS = 0.5
"""Weight of the remainder that changes with the schedule's length (see ``ripple``)."""


def accuracies(c: Inputs, data: Difficulty, draws: Draws) -> tuple[Curves, Curves, Curves]:
    """Train, validation and test accuracy of configurations that share one schedule length."""
    n_epochs = draws.weights.shape[1]
    chance = 1.0 / data.n_classes
    excess = excess_decades(c)
    fraction, start = policy(c, n_epochs), 10.0 ** excess[:, None]
    rate = fraction * start
    speed = 1.6 * rate**0.8 / (0.6 + rate**0.8)
    progress = np.cumsum(speed, axis=1)

    end = _sigmoid(end_logit(c, data, excess))[:, None]
    left = (1.0 + progress / data.progress_epochs) ** -1.1
    learnt = end - np.maximum(end - chance, 0.0) * left
    unstable = _sigmoid((excess - 1.7) / 0.25)[:, None]
    luck = (data.luck + UNSTABLE_LOGIT * unstable) * draws.offset[:, None]
    agitation = start**1.2 / (start**1.2 + 0.5) * fraction
    drift = correlated(draws.weights, SMOOTH ** (100.0 / n_epochs))
    wandering = (0.5 * data.luck + 0.5 * agitation + 0.1 * unstable) * drift
    late = (np.arange(n_epochs) + 1.0) / n_epochs
    harm = data.damage * np.maximum(excess, 0.0)[:, None] ** 2 * late
    z = _logit(learnt) - harm - AGITATION_LOGIT * agitation + luck + wandering
    gap = _train_gap(c, data) * progress / (progress + 15.0) - 0.2

    diverged = _diverged(c, excess, draws, n_epochs)
    curves = [
        np.where(diverged, chance, np.maximum(_sigmoid(level), chance))
        for level in (z + gap, z, z - data.test_shift)
    ]
    curves[1] = _count(curves[1], diverged, data.n_val, draws.val_sample, draws.labels)
    curves[2] = _count(curves[2], diverged, data.n_test, draws.test_sample, draws.labels[:, ::-1])
    return curves[0], curves[1], curves[2]


def end_logit(c: Inputs, data: Difficulty, excess: Floats) -> Floats:
    """Log-odds of the accuracy that a configuration tends to, without luck."""
    long = np.log2(c.max_epoch / 50.0)
    size = doublings(c.params, REFERENCE_PARAMS / 4.0)
    overfit = data.overfit_slope * size * (0.3 + 0.7 * long) * (1.0 - 0.75 * c.has_cutout)
    cutout = c.has_cutout * (0.12 - 0.05 * long - 0.04 * (size - 2.0))
    low = np.maximum(-excess - 0.1, 0.0)
    return np.asarray(
        data.best_logit
        + quality(c, data.capacity_slope)
        + np.array([OPTIMIZER_LOGIT[name] for name in c.optimizer])
        + np.array([POLICY_LOGIT[name] for name in c.lr_policy])
        + SHIFT_PER_EPOCHS * (long - 1.0) * ripple(c, 2.0)
        - 0.30 * low
        - overfit
        - cutout
    )


def _train_gap(c: Inputs, data: Difficulty) -> Curves:
    size = doublings(c.params, REFERENCE_PARAMS)
    long = np.log2(c.max_epoch / 100.0)
    gap = data.train_gap * (1.0 + 0.15 * size + 0.2 * long) - 0.5 * c.has_cutout
    return np.asarray(np.maximum(gap, 0.0)[:, None])


def _diverged(c: Inputs, excess: Floats, draws: Draws, n_epochs: int) -> NDArray[np.bool_]:
    at = np.array([DIVERGES_AT[name] for name in c.optimizer]) - 0.03 * (c.depth - 10.0)
    unlucky = draws.diverges < _sigmoid((excess - at) / 0.2)
    when = np.floor(LATEST_DIVERGENCE * n_epochs * draws.diverges_when**2)
    return np.asarray(unlucky[:, None] & (np.arange(n_epochs) >= when[:, None]))


def _count(
    accuracy: Curves, diverged: NDArray[np.bool_], n: int, sample: Floats, labels: Curves
) -> Curves:
    """What evaluating on ``n`` images shows: a whole number of them, off by sampling error.

    The same images are used after every epoch and by every training, so most of the error stays
    the same and it is smaller than that of independent images.
    """
    error = np.sqrt(0.8) * sample[:, None] + np.sqrt(0.2) * labels
    shown = accuracy + SAMPLING * np.sqrt(accuracy * (1.0 - accuracy) / n) * error
    return np.asarray(np.where(diverged, accuracy, np.clip(np.rint(shown * n) / n, 0.0, 1.0)))


def _sigmoid(z: Curves) -> Curves:
    return np.asarray(1.0 / (1.0 + np.exp(-z)))


def _logit(a: Curves) -> Curves:
    return np.asarray(np.log(a) - np.log1p(-a))
