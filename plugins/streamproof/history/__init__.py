"""The history of runs: a small file a run, kept when the run's folder is removed. Knows the model only."""
