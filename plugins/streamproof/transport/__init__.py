"""Transports: the port, and one subpackage for each kind."""
