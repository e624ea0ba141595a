"""ClickHouse: client, schema, clones, drain and preflight."""
