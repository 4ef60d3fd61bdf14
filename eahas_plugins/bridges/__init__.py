"""Ready pieces between a library's own training loop and ``train(config, training)``.

One module for each library, which is imported with it: ``eahas_plugins.bridges.xgboost`` and so on.
``ReportTo(training, metric)`` is a callback of the library: it reports the metric and the energy so
far after each epoch or round, and ends the training when the host says so. It takes the
``training`` that ``EnergyObjective``, ``EnergyTarget`` and ``EnergyWorker`` give, so that one
function serves Optuna, SMAC and HpBandSter.
"""
