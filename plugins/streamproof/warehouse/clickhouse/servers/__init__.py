"""A server: what a run checks, creates and drops on it."""
