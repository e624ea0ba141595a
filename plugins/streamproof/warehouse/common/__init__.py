"""What the adapters of all kinds of warehouse share: pure functions that know no client library and no dialect."""
