"""The accounting of published records: the engine's tables in a run's database, and the checks that it makes itself."""
