"""Review the SQL of a pack on a temporary server."""
