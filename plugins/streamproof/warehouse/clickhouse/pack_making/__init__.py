"""Write the schema, checks and trace of a new pack in ClickHouse's SQL."""
