"""One study in each host: Optuna, SMAC, HpBandSter and ask-and-tell."""
