"""Energy-aware hyperparameter and architecture search for Optuna, SMAC and HpBandSter."""
