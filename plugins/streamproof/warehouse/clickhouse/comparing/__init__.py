"""Rows that are there against rows that should be."""
