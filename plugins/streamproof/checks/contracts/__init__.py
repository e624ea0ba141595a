"""Great Expectations contracts."""
