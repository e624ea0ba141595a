"""`streamproof fixtures redact|select|load`: make sets of other sets, and load one into a database."""
