"""The pipeline on Apache Flink: the same pure core, keyed by event and by session instead of in one process."""
