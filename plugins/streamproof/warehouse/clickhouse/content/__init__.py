"""The content of a database: checksums of its projections, projections as Parquet files, and their comparison."""
