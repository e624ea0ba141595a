"""Deploy a job on Flink in steps that can be resumed: update from a savepoint, stop, cancel, roll back."""
