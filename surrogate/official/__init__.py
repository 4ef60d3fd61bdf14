"""Import and evaluation of the official EA-HAS-Bench checkpoints."""
