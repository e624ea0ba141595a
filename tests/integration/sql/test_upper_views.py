"""The upper half of the warehouse on the real engine: what it makes of small facts, however their parts are merged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.livepeer.lifecycle.tables import COLUMNS
from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from tests.integration.conftest import VARIABLES, Warehouse
from tests.integration.sql.upper_rows import complete, content, merge_everything, merge_tree_tables, write

pytestmark = pytest.mark.engine

CASES = yaml.safe_load((Path(__file__).parent / "upper_cases.yaml").read_text())
VIEWS = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' ORDER BY name"
API_VIEWS = ("v_api_gpu_metrics", "v_api_network_demand", "v_api_network_demand_by_gpu", "v_api_sla_compliance")
CLOCKED = "v_health_rollup_freshness"  # tells the present time
WITH_STATES = "v_demand_parts_1h"  # aggregate states, which the driver cannot read; both demand views are made of it


@pytest.fixture(scope="module")
def database(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.with_schema()
    yield client
    client.close()


@pytest.fixture
def empty(database: Any) -> Any:
    """The module's database without a row."""
    for table in merge_tree_tables(database):
        if table != "schema_migrations":
            execute(database, f"TRUNCATE TABLE {table}")
    return database


def batches_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    versions = case.get("repeat_versions", 0)
    emitted = [{"fact_workflow_sessions": [{"version": number + 1}]} for number in range(versions)]
    return [*emitted, *case["batches"]]


def shown(client: Any, case: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What the case's views and the API views hold."""
    return {view: content(client, view) for view in {*case["views"], *API_VIEWS} - {CLOCKED}}


def differing(expected: dict[str, Any], found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The columns that the case states and that are not so, with both values."""
    wanted = {key: as_read(value) for key, value in complete("", expected).items()}
    close = {key: pytest.approx(value, rel=1e-6) for key, value in wanted.items() if isinstance(found[key], float)}
    return {key: (value, found[key]) for key, value in (wanted | close).items() if found[key] != value}


def as_read(value: Any) -> Any:
    """A time as the views give it; anything else stays as it is."""
    return f"{value}.000"[:23] if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d \d\d:", value) else value


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_small_facts_give_exactly_these_rows(empty, case):
    write(empty, batches_of(case), case["what"])
    for view, expected in case["views"].items():
        found = content(empty, view)
        assert len(found) == len(expected), found
        for want, got in zip(expected, found, strict=True):
            assert differing(want, got) == {}


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_merges_and_batches_sent_again_change_nothing(empty, case):
    execute(empty, "SYSTEM STOP MERGES")
    try:
        write(empty, batches_of(case), f"again {case['what']}")
        before = shown(empty, case)
        write(empty, batches_of(case), f"again {case['what']}")
        assert shown(empty, case) == before, "sent again"
    finally:
        execute(empty, "SYSTEM START MERGES")
    merge_everything(empty)
    assert shown(empty, case) == before, "merged"


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_the_columns_of_the_ddl_are_those_that_the_processor_writes(database, table):
    sql = (
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String} "
        "AND default_kind != 'MATERIALIZED' ORDER BY position"
    )
    assert tuple(row["name"] for row in rows(database, sql, {"table": table})) == (
        *COLUMNS[table],
        "ingestion_timestamp",
    )


def test_applying_twice_changes_nothing(warehouse, database):
    sql = "SELECT name, uuid, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    before = rows(database, sql)
    assert apply_migrations(database, warehouse.schema, VARIABLES) == []
    assert rows(database, sql) == before


def test_every_target_of_a_view_has_a_dedup_window_of_its_own(database):
    """A retried insert is dropped in the source; without a window in the target it would be counted twice there."""
    sql = (
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' "
        # No view writes these. The ids of a topic are deleted and inserted again, which a window would drop.
        "AND name NOT IN ('schema_migrations', 'streaming_events', 'reject_topic_ids') "
        "AND create_table_query NOT LIKE '%non_replicated_deduplication_window = 1000%'"
    )
    assert rows(database, sql) == []


@pytest.mark.parametrize("nulls", [0, 1])
def test_every_view_answers_the_same_whatever_the_caller_sets_for_joins(empty, nulls):
    write(
        empty, next(case["batches"] for case in CASES if case["what"].startswith("a session in an hour")), f"n{nulls}"
    )
    for view in (row["name"] for row in rows(empty, VIEWS)):
        if view not in (CLOCKED, WITH_STATES):
            found = empty.query(f"SELECT * FROM {view}", settings={"join_use_nulls": nulls}).result_rows
            assert len(found) == len(content(empty, view))
            assert [str(row) for row in sorted(found, key=str)] == sorted(
                str(row) for row in empty.query(f"SELECT * FROM {view}").result_rows
            )


def test_facts_of_a_time_beyond_32_bits_stay_in_their_hour(empty):
    write(empty, [{"fact_stream_status_samples": [{"sample_ts": "2200-05-05 10:35:12"}]}], "far")
    assert [row["window_start"] for row in content(empty, "v_api_network_demand")] == ["2200-05-05 10:00:00.000"]
