"""Review the SQL of a pack with the engine itself, in a child process and without a server."""
