"""Real trainings of the networks of ``fashion-nano`` (needs torch, the ``train`` extra)."""
