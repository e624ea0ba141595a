"""The PostgreSQL server of a local stack."""
