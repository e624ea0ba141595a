"""Operations on a PostgreSQL server: checks before a run, a run's database, and the log of runs."""
