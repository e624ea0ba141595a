"""Prove that the checks notice faults: mutations for every check, and damages of every column."""
