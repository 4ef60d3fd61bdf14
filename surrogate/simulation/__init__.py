"""The parts of the simulated tasks; the entry is :func:`surrogate.simulation.simulate.simulate`."""
