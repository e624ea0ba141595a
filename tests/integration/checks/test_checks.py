"""Checks and queries run on the real engine: parameters, settings, and what becomes of one that breaks."""

from __future__ import annotations

import pytest

from streamproof.checks.assertions import run_checks
from streamproof.checks.query_pack import run_queries
from streamproof.model.errors import WarehouseError
from streamproof.model.formats.json_text import to_json
from streamproof.model.results import Status
from streamproof.sql.blocks import parse_blocks, read_blocks
from streamproof.warehouse.clickhouse.client import connect, execute_script, rows
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from tests.integration.conftest import insert
from tests.support.databases import opened

pytestmark = pytest.mark.engine

CHECKS = """
-- TEST: passes
SELECT 0 AS failed_rows, {from_ts:DateTime64(3, 'UTC')} AS since, {counts:Map(String, UInt64)}[''] AS none;
-- TEST: fails
SELECT 2 AS failed_rows, ['s1|r1', 's2|r2'] AS failing_workflow_session_ids, 'FAIL' AS status;
-- TEST: skips
SELECT 0 AS failed_rows, 'a payment in the window' AS skip_reason;
-- TEST: fails although it found nothing to judge
SELECT 1 AS failed_rows, 'x' AS skip_reason;
-- TEST: throws
SELECT throwIf(1, 'boom') AS failed_rows;
-- TEST: returns a null
SELECT CAST(NULL, 'Nullable(UInt8)') AS failed_rows;
-- TEST: returns a fraction
SELECT 0.5 AS failed_rows;
-- TEST: returns two rows
SELECT arrayJoin([0, 0]) AS failed_rows;
-- TEST: needs what is not there
SELECT {nope:UInt8} AS failed_rows;
-- TEST: writes
CREATE TABLE written (x UInt8) ENGINE = Memory;
-- TEST: sees an unmatched column as null
SELECT countIf(r.b IS NULL) = 1 AS failed_rows
FROM (SELECT 1 AS a) AS l LEFT JOIN (SELECT 2 AS a, 'x' AS b) AS r ON l.a = r.a;
"""
EXPECTED = [
    Status.PASSED,
    Status.FAILED,
    Status.SKIPPED,
    Status.FAILED,
    *[Status.ERRORED] * 6,
    Status.FAILED,
]


@pytest.fixture(scope="module")
def database(warehouse):
    client = warehouse.with_schema()
    yield client
    client.close()


@pytest.mark.parametrize("workers", [1, 4])
def test_all_checks_run_whatever_becomes_of_the_others(database, workers):
    parameters = {"from_ts": "2026-02-25 16:00:00.123", "counts": {"": 7, "it's": 1}, "unused": object()}
    results = run_checks(opened(database), parse_blocks(CHECKS, "f.sql"), parameters, suite="s", workers=workers)
    assert [result.status for result in results] == EXPECTED
    by_name = {result.name: result for result in results}
    assert by_name["passes"].diagnostics == {"since": "2026-02-25T16:00:00.123Z", "none": 7}
    assert by_name["fails"].failed_rows == 2
    assert by_name["fails"].sessions == ("s1|r1", "s2|r2")
    assert "boom" in by_name["throws"].error
    assert "needs parameter nope" in by_name["needs what is not there"].error
    assert all(result.error for result in results if result.status is Status.ERRORED)
    assert all(result.duration_sec > 0 and result.suite == "s" and result.source_file == "f.sql" for result in results)
    assert [by_name[name].line for name in ("passes", "fails")] == [2, 4]
    assert "written" not in {row["name"] for row in rows(database, "SHOW TABLES")}


def test_the_trace_shows_null_for_an_empty_object_and_its_times_otherwise(home, database):
    queries = [q for path in sorted((home / "include/sql/livepeer/trace").glob("*.sql")) for q in read_blocks(path)]
    insert(
        database,
        "stream_trace_events",
        [{"event_timestamp": "2026-02-25 16:00:00.5"}, {"event_timestamp": "2026-02-25 17:00:00"}],
    )
    window = {"from_ts": "2026-02-25 16:00:00.000", "to_ts": "2026-02-25 17:00:00.000"}
    raw, typed, *_ = run_queries(opened(database), queries, window)
    nothing = {"rows_window": 0, "min_ts": None, "max_ts": None}
    assert (raw.name, typed.name) == ("01_raw_ingest", "02_typed_tables")
    assert raw.as_json()["rows"] == [
        {"object_name": name, **nothing}
        for name in ("streaming_events", "streaming_events_dlq", "streaming_events_quarantine")
    ]
    moment = "2026-02-25T16:00:00.500Z"
    assert typed.as_json()["rows"] == [
        {"object_name": "ai_stream_events", **nothing},
        {"object_name": "ai_stream_status", **nothing},
        {"object_name": "network_capabilities", **nothing},
        {"object_name": "stream_ingest_metrics", **nothing},
        {"object_name": "stream_trace_events", "rows_window": 1, "min_ts": moment, "max_ts": moment},
    ]
    assert "stream_trace_events    1            2026-02-25T16:00:00.500Z" in typed.as_text()


def test_a_query_that_cannot_run_says_so_and_the_next_still_runs(database):
    queries = parse_blocks(
        "-- QUERY: a\nSELECT nope\n-- QUERY: b\nSELECT {x:UInt8}\n-- QUERY: c\nSELECT 1 AS n", "f.sql"
    )
    results = run_queries(opened(database), queries, {})
    assert [result.error is None for result in results] == [False, False, True]
    assert "nope" in results[0].as_text()
    assert results[2].as_json()["rows"] == [{"n": 1}]
    assert results[0].as_table().error == results[0].error


def test_columns_keep_their_types(database):
    sql = """-- QUERY: q
    SELECT
        toDecimal128('-0.000000000000000001', 18) AS fee, toDateTime64('2026-02-25 16:00:00.5', 3, 'UTC') AS at,
        toDate('2026-02-25') AS day, 1.5 AS n, 18446744073709551615 AS big, NULL AS gone, '=1' AS text, [1] AS list,
        map('a', 1) AS named, true AS yes
    """
    [result] = run_queries(opened(database), parse_blocks(sql, "f.sql"), {})
    table = result.as_table()
    assert result.error is None
    assert dict(zip(table.columns, zip(table.types, table.rows[0], strict=True), strict=True)) == {
        "fee": ("decimal", "-0.000000000000000001"),
        "at": ("timestamp", "2026-02-25T16:00:00.500Z"),
        "day": ("date", "2026-02-25"),
        "n": ("number", 1.5),
        "big": ("integer", 18446744073709551615),
        "gone": ("null", None),
        "text": ("text", "=1"),
        "list": ("list", [1]),
        "named": ("object", {"a": 1}),
        "yes": ("boolean", True),
    }


def test_a_refusal_is_one_plain_sentence(warehouse, database):
    with pytest.raises(WarehouseError, match=r"^ClickHouse refused a query: Unknown expression") as caught:
        rows(database, "SELECT nope FROM ai_stream_status")
    assert "Expected one of" not in caught.value.message
    with pytest.raises(WarehouseError, match="Database nowhere does not exist"):
        connect(warehouse.settings.using("nowhere"))


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("SET optimize_on_insert = 0; INSERT INTO v VALUES (1, 1), (1, 2)", 2),
        ("INSERT INTO v VALUES (1, 1), (1, 2)", 1),
        ("SET allow_suspicious_low_cardinality_types = 1; CREATE TABLE s (a LowCardinality(UInt8)) ENGINE = Memory", 0),
        ("CREATE TEMPORARY TABLE t AS SELECT toUInt8(7) AS k, toUInt8(1) AS v; INSERT INTO v SELECT * FROM t", 1),
        ("INSERT INTO v VALUES (1, 1) /* /* */ ; TRUNCATE TABLE v */", 1),
    ],
)
def test_a_script_has_one_session_as_in_the_engines_own_client(warehouse, script, count):
    client = warehouse.empty()
    execute_script(client, "CREATE TABLE v (k UInt8, v UInt8) ENGINE = ReplacingMergeTree(v) ORDER BY k")
    execute_script(client, script)
    assert rows(client, "SELECT count() AS n FROM v") == [{"n": count}]
    # What one script sets is nothing to the next.
    with pytest.raises(WarehouseError, match="Unknown table expression"):
        execute_script(client, "SELECT * FROM t")
    client.close()


def test_a_migration_has_one_session(warehouse, tmp_path):
    client = warehouse.empty()
    (tmp_path / "0001_a.sql.j2").write_bytes(
        "\ufeffSET allow_suspicious_low_cardinality_types = 1;\n"
        "CREATE TABLE a (a LowCardinality(UInt8)) ENGINE = Memory;\n"
        "CREATE TEMPORARY TABLE t AS SELECT toUInt8(7) AS a; // one\nINSERT INTO a SELECT * FROM t".encode()
    )
    assert [applied.statements for applied in apply_migrations(client, tmp_path, {})] == [4]
    assert rows(client, "SELECT a FROM a") == [{"a": 7}]
    client.close()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_no_proxy_stands_before_a_server_on_loopback(warehouse, monkeypatch, name):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = connect(warehouse.settings)
    assert rows(client, "SELECT 1 AS n") == [{"n": 1}]
    client.close()


def test_a_percent_sign_is_never_a_placeholder(database):
    text = "-- TEST: a\nSELECT 0 AS failed_rows, '100%' AS p, {\n x :\n String\n} AS x"
    (result,) = run_checks(opened(database), parse_blocks(text, "f.sql"), {"x": "50%s"}, suite="s")
    assert (result.error, result.diagnostics) == (None, {"p": "100%", "x": "50%s"})


def test_integers_beyond_64_bits_keep_their_digits(database):
    number = str(25 * 10**18)
    (result,) = run_checks(
        opened(database),
        parse_blocks(f"-- TEST: a\nSELECT 1 AS failed_rows, [toUInt256('{number}')] AS fees", "f.sql"),
        {},
        suite="s",
    )
    assert result.diagnostics == {"fees": [number]}
    assert number.encode() in to_json(result.as_json())
    (shown,) = run_queries(
        opened(database), parse_blocks(f"-- QUERY: a\nSELECT toInt256('-{number}') AS n", "f.sql"), {}
    )
    assert shown.as_json()["rows"] == [{"n": f"-{number}"}]


def test_a_query_without_a_row_is_reported(database):
    text = "-- TEST: a\nSELECT count() AS failed_rows FROM ai_stream_status GROUP BY stream_id HAVING failed_rows > 9"
    (result,) = run_checks(opened(database), parse_blocks(text, "f.sql"), {}, suite="s")
    assert result.status is Status.ERRORED
    assert "the result has 0 rows; a check returns exactly one" in str(result.error)


def test_a_script_is_run_statement_by_statement(warehouse):
    client = warehouse.empty()
    script = (
        "CREATE TABLE t (x String) ENGINE = MergeTree ORDER BY x;\n"
        "-- ';'\nINSERT INTO t VALUES (';');\nDELETE FROM t WHERE x = ';'"
    )
    assert len(execute_script(client, script)) == 3
    assert rows(client, "SELECT count() AS n FROM t") == [{"n": 0}]
    client.close()
