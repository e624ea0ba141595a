"""Compute what the oracle expects of a large run, by parts, in several processes."""
