"""One PostgreSQL of the wheel for all tests of the adapter, and databases in it with a small schema."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from streamproof.model.settings import WarehouseSettings
from streamproof.postgres.temporary import temporary_server
from streamproof.warehouse.postgres.database import Database
from streamproof.warehouse.postgres.servers.databases import create_database, drop_database

# A table with a key, one in partitions with columns that the server fills, and a view of a view.
SCHEMA = """
CREATE TABLE readings
(
    id text PRIMARY KEY,
    family text NOT NULL,
    at timestamptz NOT NULL,
    value numeric(20, 9),
    ratio double precision,
    number bigint NOT NULL DEFAULT 0,
    tags text[] NOT NULL DEFAULT '{}',
    data jsonb
);
CREATE TABLE days
(
    day date NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    reading text NOT NULL,
    half bigint NOT NULL DEFAULT 2,
    twice bigint GENERATED ALWAYS AS (half * 2) STORED,
    PRIMARY KEY (day, reading)
) PARTITION BY RANGE (day);
CREATE TABLE days_20240115 PARTITION OF days FOR VALUES FROM ('2024-01-15') TO ('2024-01-16');
CREATE TABLE days_20240116 PARTITION OF days FOR VALUES FROM ('2024-01-16') TO ('2024-01-17');
CREATE VIEW families AS SELECT family, count(*) AS readings, sum(value) AS total FROM readings GROUP BY family;
CREATE VIEW largest AS SELECT family FROM families ORDER BY readings DESC LIMIT 1;
"""
ROWS = """
INSERT INTO readings (id, family, at, value, ratio, number, tags, data) VALUES
('a', 'one', '2024-01-15 00:00+00', 1.5, 0.5, 1, '{x,y}', '{"k": 1}'),
('b', 'one', '2024-01-15 12:00+00', NULL, NULL, 2, '{}', NULL),
('c', 'two', '2024-01-16 00:00+00', -2, 0.25, 3, '{z}', '[1]');
INSERT INTO days (day, reading) VALUES ('2024-01-15', 'a'), ('2024-01-15', 'b'), ('2024-01-16', 'c');
"""


# The folder with `bin` of a server with TimescaleDB; the tests then run on it instead of on the wheel.
TIMESCALE_HOME = "TEST_TIMESCALEDB_HOME"
TIMESCALE = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "max_worker_processes": "32",
}


@dataclass
class Postgres:
    """A server, and the databases that tests make in it."""

    settings: WarehouseSettings
    schema: Path
    has_timescaledb: bool = False
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def empty(self) -> Database:
        """A new database without a table."""
        name = f"test_{next(self.numbers)}"
        create_database(self.settings, name)
        return Database.open(self.settings.using(name))

    def with_schema(self) -> Database:
        """A new database with the schema and without rows."""
        database = self.empty()
        database.apply_schema(self.schema, feed=None, retention=False)
        return database

    def with_rows(self) -> Database:
        """A new database with the schema and some rows."""
        database = self.with_schema()
        database.script(ROWS, "rows")
        return database


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "0001_tables.sql.j2").write_text(SCHEMA, encoding="utf-8")
    home = os.environ.get(TIMESCALE_HOME)
    with temporary_server(Path(home) if home else None, TIMESCALE if home else None) as settings:
        yield Postgres(settings, folder, has_timescaledb=bool(home))


@pytest.fixture
def make(postgres: Postgres) -> Iterator[Callable[[Database], Database]]:
    """A function that remembers a database, so that it is dropped after the test."""
    made: list[Database] = []

    def remember(database: Database) -> Database:
        made.append(database)
        return database

    yield remember
    for database in made:
        database.close()
        drop_database(postgres.settings, database.database)


@pytest.fixture
def empty(postgres: Postgres, make: Callable[[Database], Database]) -> Database:
    return make(postgres.empty())


@pytest.fixture
def filled(postgres: Postgres, make: Callable[[Database], Database]) -> Database:
    return make(postgres.with_rows())


@pytest.fixture(scope="module")
def unchanged(postgres: Postgres) -> Iterator[Database]:
    """A database with rows that the tests of a module only read."""
    database = postgres.with_rows()
    yield database
    database.close()
    drop_database(postgres.settings, database.database)
