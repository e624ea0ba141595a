"""Processes, ports, state files and Compose: what keeps services running."""
