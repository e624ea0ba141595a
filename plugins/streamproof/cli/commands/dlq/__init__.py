"""`streamproof dlq COMMAND`: look at dead letters, and replay them."""

from streamproof.cli.commands.dlq.app import app

__all__ = ["app"]
