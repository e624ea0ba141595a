"""Lines of services' logs in a run's database, and the check that reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamproof.checks.assertions import run_check
from streamproof.checks.service_logs import read_log, read_logs, write_log_lines
from streamproof.model.results import Status
from streamproof.sql.blocks import read_blocks
from streamproof.warehouse.clickhouse.client import rows
from tests.integration.conftest import Warehouse
from tests.support.databases import opened

pytestmark = pytest.mark.engine

SQL = Path(__file__).resolve().parents[3] / "include/sql/livepeer"
(CHECK,) = read_blocks(SQL / "assertions/operations/no_error_lines_in_service_logs.sql")
CLICKHOUSE = "2026.11.22 06:28:29.865482 [ 429 ] {a-b} <Error> "
ALLOWED = [
    "executeQuery: Code: 60. DB::Exception: Unknown table 'record_dispositions'. (UNKNOWN_TABLE) (in query: INSERT",
    "executeQuery: Code: 47. DB::Exception: Unknown identifier. (from 127.0.0.1:1) (in query: SELECT x FROM y)",
    "executeQuery: Code: 47. DB::Exception: Unknown identifier. (from 127.0.0.1:1) (in query: WITH 1 AS x SELECT y)",
    "DynamicQueryHandler: Code: 47. DB::Exception: Unknown identifier.",
]
NOT_ALLOWED = [
    "executeQuery: Code: 27. DB::Exception: Cannot parse. (from 127.0.0.1:1) (in query: INSERT INTO fact SELECT 1)",
    "executeQuery: Code: 243. DB::Exception: Cannot reserve 1 MiB. (in query: ALTER TABLE x)",
    "StorageKafka (sp.streaming_events_kafka): [rdk:ERROR] 1/1 brokers are down",
    "MergeTreeBackgroundExecutor: Code: 40. DB::Exception: Checksum doesn't match",
]


@pytest.fixture
def client(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.with_schema()
    yield client
    client.close()


def judged(client: Any) -> Any:
    return run_check(opened(client), CHECK, {}, suite="operations")


def test_without_a_log_there_is_nothing_to_judge(client):
    assert write_log_lines(opened(client), ()) == 0
    assert judged(client).status is Status.SKIPPED


def test_logs_of_a_folder_are_kept_once_and_grow(client, tmp_path):
    log = tmp_path / "processor.log"
    log.write_text("2026-11-22 06:28:29,865 WARNING job 3 reject rows are too large\n")
    (tmp_path / "kafka.log").write_text("2026-11-22T06:28:29,865Z WARN  [x] password=hunter2 'quoted' \\ \n")
    for _ in range(2):
        assert write_log_lines(opened(client), read_logs(tmp_path)) == 4
    found = rows(
        client, "SELECT service, level, logged_at, line_number, text FROM service_log_lines FINAL ORDER BY ALL"
    )
    assert [(row["service"], row["level"], row["line_number"]) for row in found] == [
        ("kafka", "READ", 0),
        ("kafka", "WARN", 1),
        ("processor", "READ", 0),
        ("processor", "WARN", 1),
    ]
    assert found[1]["text"] == "2026-11-22T06:28:29,865Z WARN  [x] password=*** 'quoted' \\"
    assert found[1]["logged_at"].isoformat() == "2026-11-22T06:28:29.865000"
    assert judged(client).status is Status.PASSED

    log.write_text(log.read_text() + "2026-11-22 06:28:30,865 ERROR job refused\n")
    write_log_lines(opened(client), read_logs(tmp_path))
    result = judged(client)
    assert (result.status, result.failed_rows) == (Status.FAILED, 1)
    assert result.diagnostics["lines_read"] == 3
    assert result.diagnostics["service_level_line_text"][0][:3] == ["processor", "ERROR", 2]


def test_errors_that_say_nothing_about_the_pipeline_are_let_through_of_their_own_service_only(client):
    write_log_lines(opened(client), [read_log("clickhouse", [CLICKHOUSE + text for text in ALLOWED])])
    result = judged(client)
    assert (result.status, result.diagnostics["errors_allowed"]) == (Status.PASSED, len(ALLOWED))
    write_log_lines(opened(client), [read_log("kafka", [CLICKHOUSE + ALLOWED[0]])])
    assert judged(client).failed_rows == 1


@pytest.mark.parametrize("text", NOT_ALLOWED)
def test_other_errors_fail(client, text):
    write_log_lines(opened(client), [read_log("clickhouse", [CLICKHOUSE + text])])
    assert judged(client).failed_rows == 1


def test_every_allowance_says_why(client):
    allowances = rows(client, "SELECT service, pattern, reason FROM service_log_allowances")
    assert allowances
    assert all(row["service"] and row["pattern"] and len(row["reason"]) > 20 for row in allowances)
