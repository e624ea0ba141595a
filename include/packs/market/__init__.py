"""The Python of pack `market`: the source that serves its fixture sets, their generator, and the oracle."""
