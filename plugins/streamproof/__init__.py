"""streamproof: proves on a schedule that a streaming analytics pipeline still works."""

__version__ = "0.1.0"
