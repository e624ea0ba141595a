"""Stacks on Docker: services as containers of a Compose project."""
