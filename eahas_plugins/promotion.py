"""What Hyperband promotes by where losses are minimised: in SMAC and in HpBandSter alike."""

from __future__ import annotations

import numpy as np

from eahas_plugins.policy import Floats, reward


def rewards_of_losses(losses: Floats, energy_kwh: Floats, *, exponent: float) -> Floats | None:
    """The paper's rewards of the trials of a rung, larger is better.

    Losses that are all in [0, 1] are taken for errors, and the reward is that of the accuracies
    ``1 - loss``. Of other losses it is ``-loss / (energy / median energy) ** exponent``, or with
    the inverse factor where they are negative: more energy never raises it.

    Args:
        losses: Losses, of shape (n,).
        energy_kwh: Energies of the trainings, kWh, of shape (n,); NaN or 0 where unknown: these
            losses count as they are.
        exponent: Exponent of the energy, at most 0.

    Returns:
        Array of shape (n,); None where no energy is known.

    References:
        Dou et al. (2023), EA-HAS-Bench, section 5.
    """
    known = energy_kwh[energy_kwh > 0.0]
    if not len(known):
        return None
    are_errors = bool(np.all((losses >= 0.0) & (losses <= 1.0)))
    found = reward(
        1.0 - losses if are_errors else losses,
        energy_kwh,
        reference_kwh=float(np.median(known)),
        exponent=exponent,
        maximize=are_errors,
    )
    return found if are_errors else -found
