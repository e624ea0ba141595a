"""The operator that exports fixture sets."""
