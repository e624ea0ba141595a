"""The checks: SQL assertions, contracts, the oracle, the comparison of rows, traces and service logs."""
