"""A real ClickHouse, databases with the pack's schema in it, and clones of them to break."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from streamproof.model.settings import KafkaSettings, WarehouseSettings
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from streamproof.warehouse.clickhouse.client import connect, execute
from streamproof.warehouse.clickhouse.cloning.clone import ClonedDatabase
from streamproof.warehouse.clickhouse.database import Database
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from streamproof.warehouse.common.migrations import LEDGER
from tests.support.flink_cluster import example_jars, flink_client, flink_settings, flink_stack
from tests.support.pipeline_in_engine import PipelineInEngine

VARIABLES = {"kafka": False, "retention": False}


@dataclass
class Warehouse:
    """A ClickHouse and the databases that tests make in it."""

    settings: WarehouseSettings
    home: Path
    kafka: KafkaSettings = field(default_factory=lambda: KafkaSettings(""))
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def schema(self) -> Path:
        return self.home / "include/sql/livepeer/schema"

    def empty(self) -> Any:
        """A client on a new database without a table."""
        database = f"test_{next(self.numbers)}"
        server = connect(self.settings)
        execute(server, f"CREATE DATABASE {database}")
        server.close()
        return connect(self.settings.using(database))

    def with_schema(self, **variables: object) -> Any:
        """A client on a new database with the pack's schema."""
        client = self.empty()
        apply_migrations(client, self.schema, {**VARIABLES, **variables})
        return client

    def opened(self, client: Any) -> Database:
        """A client's database, as checks see it."""
        return Database(client, self.settings.using(client.database))

    def clone(self, client: Any) -> ClonedDatabase:
        """A clone of a client's database."""
        return ClonedDatabase.of(self.settings.using(client.database), f"clone_{next(self.numbers)}", self.schema)


def insert(client: Any, table: str, records: list[dict[str, Any]]) -> None:
    """Insert rows given as objects; columns that are left out take their defaults."""
    if records:
        body = b"\n".join(orjson.dumps(record) for record in records)
        client.raw_insert(table, insert_block=body, fmt="JSONEachRow")


@pytest.fixture(scope="session")
def warehouse(home: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("stack")
    spec = StackSpec(
        name="sql",
        folder=str(folder),
        cache_dir=str(cache_dir),
        home=str(home),
        kafka_kind="mock",
        owner=own_identity(),
    )
    state = start_stack(spec, timeout=60)
    try:
        yield Warehouse(state.clickhouse, home, state.kafka)
    finally:
        stop_stack(folder, timeout=30)


@pytest.fixture(scope="session")
def pipeline(warehouse: Warehouse, home: Path, tmp_path_factory: pytest.TempPathFactory) -> PipelineInEngine:
    """The pipeline in the engine of all integration tests, into which sets are fed without a broker."""
    return PipelineInEngine(warehouse.settings, home, tmp_path_factory.mktemp("engine"))


__all__ = ["LEDGER", "Warehouse", "example_jars", "flink_client", "flink_settings", "flink_stack", "insert"]
