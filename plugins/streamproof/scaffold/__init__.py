"""Make a new pack from a file of events, and fixture sets from such files."""
