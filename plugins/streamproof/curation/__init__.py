"""Make fixture sets of other fixture sets: redact them, promote a selection, and load their typed rows."""
