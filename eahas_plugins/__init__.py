"""Energy-aware hyperparameter and architecture search for Optuna, SMAC and HpBandSter."""

from eahas_plugins.namesake import warn_if_displaced

warn_if_displaced()
