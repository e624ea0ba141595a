"""The content of a run's database: saved as files when the run ends, and compared with that of another run."""
