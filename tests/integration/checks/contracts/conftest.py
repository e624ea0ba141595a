"""A ClickHouse with the pack's schema, filled by the processor's own core: what the contracts are held against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.livepeer.batches import Batch, Span, process_batch
from pipelines.livepeer.core import Processor
from pipelines.livepeer.dedup import DedupState
from pipelines.livepeer.event import Record
from pipelines.livepeer.gate import QualityGate
from pipelines.livepeer.tables import COLUMNS
from streamproof.fixtures.ordering import plan_replay
from streamproof.model.settings import WarehouseSettings
from streamproof.packs.loading import load_pack
from streamproof.warehouse.clickhouse.client import connect, execute
from streamproof.warehouse.clickhouse.cloning.clone import ClonedDatabase
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from tests.integration.conftest import Warehouse as Engine

TOPIC = "run.streaming_events"
VARIABLES = {"kafka": False, "retention": False, "kafka_bootstrap": "", "input_topic": TOPIC, "raw_group": "raw"}


@dataclass(frozen=True)
class Warehouse:
    """A ClickHouse, and how to get databases in it."""

    settings: WarehouseSettings
    home: Path

    def client(self, database: str):
        return connect(self.settings.using(database))

    def create(self, database: str) -> str:
        """Make an empty database with the pack's schema."""
        server = connect(self.settings)
        execute(server, f"CREATE DATABASE {database}")
        server.close()
        client = self.client(database)
        apply_migrations(client, self.home / "include/sql/livepeer/schema", VARIABLES)
        client.close()
        return database

    def fill(self, database: str, manifest: Path) -> None:
        """Insert the rows that the processor's core makes of a fixture set, all in one batch."""
        processor = Processor(QualityGate(frozenset({"1", "v1"})), DedupState(86_400_000), 1_000_000)
        plan = plan_replay(manifest, load_pack(self.home, "livepeer").replay)
        records = [
            Record(TOPIC, 0, offset, event.publish_ms, value) for offset, (event, value) in enumerate(plan.records())
        ]
        rows = process_batch(processor, Batch(Span(TOPIC, 0, 0, len(records) - 1, 0), records)).rows
        client = self.client(database)
        for table, lines in rows.items():
            client.raw_insert(table, COLUMNS[table], b"\n".join(lines), fmt="JSONCompactEachRow")
        client.close()

    def clone(self, database: str, name: str) -> ClonedDatabase:
        """Clone a database."""
        return ClonedDatabase.of(self.settings.using(database), name, self.home / "include/sql/livepeer/schema")


@pytest.fixture(scope="session")
def warehouse(warehouse: Engine, home: Path) -> Warehouse:
    """The ClickHouse of all integration tests."""
    return Warehouse(warehouse.settings, home)


@pytest.fixture(scope="session")
def golden(warehouse: Warehouse) -> str:
    database = warehouse.create("golden")
    warehouse.fill(database, warehouse.home / "include/fixtures/livepeer/golden/manifest.json")
    return database


@pytest.fixture(scope="session")
def hostile(warehouse: Warehouse) -> str:
    database = warehouse.create("hostile")
    warehouse.fill(database, warehouse.home / "include/fixtures/livepeer/hostile/manifest.json")
    return database


@pytest.fixture(scope="session")
def broken(warehouse: Warehouse, golden: str) -> Iterator[ClonedDatabase]:
    """A clone of the golden database, for a test to break."""
    clone = warehouse.clone(golden, "broken")
    yield clone
    clone.drop()


@pytest.fixture
def clone(broken: ClonedDatabase) -> Iterator[ClonedDatabase]:
    """The same clone, restored after the test."""
    yield broken
    broken.restore()
