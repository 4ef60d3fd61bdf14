"""Collect data, fit surrogates and compare methods: ``python -m benchmarks --help``."""
