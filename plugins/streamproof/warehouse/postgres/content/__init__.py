"""The content of a database: saved to Parquet files, and compared."""
