"""Frozen data and pure rules that every other floor speaks in. No I/O."""
