"""Docker Compose: the services of a stack as containers."""
