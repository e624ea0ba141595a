"""Transports: one folder an engine."""
