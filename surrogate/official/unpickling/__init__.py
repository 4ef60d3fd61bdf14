"""Reading pickles of the official checkpoints without unpickling anything."""
