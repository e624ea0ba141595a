"""The command `streamproof fixtures export`."""
