"""A run whose processor is a job on Flink: its submission, its state, and what is reported of it."""
