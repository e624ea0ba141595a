"""Operations on a ClickHouse server: checks before a run, a run's database, and the log of runs."""
