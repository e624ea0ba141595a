"""Output for a terminal: progress, verdict, and tables of rows."""
