"""Clones of a database, and damage to their objects."""
