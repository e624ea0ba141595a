"""The pipeline of pack `market`: market data from an HTTP API into PostgreSQL or TimescaleDB.

`python -m pipelines.market.main ingest --api databento --job NAME` fetches each chunk of the job by the official
client, checks that the download is whole, and takes its records through extraction, transformation and validation into
the database, a chunk in one transaction. It is a program of its own: it imports nothing from the engine.
"""
