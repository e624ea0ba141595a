"""Rows against the rows that they should be, on a real ClickHouse: what differs is named, and nothing else."""

from __future__ import annotations

import pytest

from streamproof.checks.parity import Parity
from streamproof.checks.parity_map import ParityObject
from streamproof.model.errors import UsageError
from streamproof.model.results import Status
from streamproof.warehouse.clickhouse.client import execute
from streamproof.warehouse.values import Tolerance
from tests.support.databases import opened

pytestmark = pytest.mark.engine

ROWS = [
    {"id": "a", "n": 1, "ratio": 0.5, "words": ["x", "y"], "seen_at": "2026-01-01T00:00:00.000Z", "note": None},
    {
        "id": "b",
        "n": 18_446_744_073_709_551_615,
        "ratio": 0.25,
        "words": [],
        "seen_at": "1970-01-01T00:00:00.000Z",
        "note": "",
    },
    {"id": "b", "n": 2, "ratio": 0.1, "words": ["é"], "seen_at": "2149-06-06T23:59:59.999Z", "note": "it's"},
]
STORED = """
INSERT INTO facts (id, n, ratio, words, seen_at, note) VALUES
('a', 1, 0.5, ['x', 'y'], '2026-01-01 00:00:00.000', NULL),
('b', 18446744073709551615, 0.25, [], '1970-01-01 00:00:00.000', ''),
('b', 2, 0.1, ['é'], '2149-06-06 23:59:59.999', 'it''s')
"""


def described(name="facts", **changes):
    values = {"layer": "typed", "key": ("id",), "expected_sql": "", "seen_sql": "", "as_set": False, "tolerance": {}}
    return ParityObject(name=name, source="parity.yaml", **{**values, **changes})


@pytest.fixture
def client(warehouse):
    client = warehouse.empty()
    execute(
        client,
        "CREATE TABLE facts (id String, n UInt64, ratio Float32, words Array(String), seen_at DateTime64(3, 'UTC'),"
        " note LowCardinality(Nullable(String)), ingested DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY id"
        " SETTINGS allow_nullable_key = 1",
    )
    execute(client, STORED)
    yield client
    client.close()


def judge(client, item, rows=None):
    database = opened(client)
    parity = Parity([item], database.shapes([item.name]), {f"{item.name}.ingested": "a clock"}, client.database)
    if rows is not None:
        database.store_expected([(item.name, row) for row in rows], {item.name: parity.columns(item.name)})
    (result,) = parity.judge(database)
    return result


def test_equal_rows_pass_whatever_their_order(client):
    result = judge(client, described(), reversed(ROWS))
    assert (result.status, result.failed_rows, result.error) == (Status.PASSED, 0, None)
    assert result.diagnostics["rows_seen"] == result.diagnostics["rows_expected"] == 3
    assert (result.suite, result.name, result.layer) == ("parity", "parity_facts", "typed")


@pytest.mark.parametrize(
    ("change", "column", "expected", "seen"),
    [
        ("n = 7", "n", "1", "7"),
        ("ratio = 0.5000001", "ratio", "0.5", "0.5000001"),
        ("ratio = nan", "ratio", "0.5", "nan"),
        ("ratio = inf", "ratio", "0.5", "inf"),
        ("words = ['x']", "words", "['x','y']", "['x']"),
        ("note = ''", "note", None, ""),
        ("seen_at = seen_at + INTERVAL 1 MILLISECOND", "seen_at", "2026-01-01 00:00:00.000", "2026-01-01 00:00:00.001"),
    ],
)
def test_a_wrong_value_is_named(client, change, column, expected, seen):
    execute(client, f"ALTER TABLE facts UPDATE {change} WHERE id = 'a'")
    result = judge(client, described(), ROWS)
    assert (result.status, result.failed_rows) == (Status.FAILED, 1)
    assert result.diagnostics["columns"] == {
        column: {"rows": 1, "examples": [{"key": "('a')", "expected": expected, "seen": seen}]}
    }


def test_a_null_in_place_of_a_value_is_named(client):
    execute(client, "ALTER TABLE facts UPDATE note = NULL WHERE n = 2")
    found = judge(client, described(), ROWS).diagnostics["columns"]["note"]
    assert found["examples"] == [{"key": "('b')", "expected": "it's", "seen": None}]


def test_a_text_that_is_no_utf_8_is_compared_byte_for_byte(client):
    odd = b'\xff "quoted" \\ \n \x01 \xc3\x28'
    hexed = odd.hex()
    execute(client, f"ALTER TABLE facts UPDATE note = unhex('{hexed}') WHERE id = 'a'")
    expected = [{**row, "note": odd} if row["id"] == "a" else row for row in ROWS]
    assert judge(client, described(), expected).status is Status.PASSED
    execute(client, f"ALTER TABLE facts UPDATE note = unhex('{hexed}ff') WHERE id = 'a'")
    assert judge(client, described(), expected).diagnostics["columns"]["note"]["rows"] == 1


def test_rows_that_are_missing_and_rows_from_nowhere_are_named(client):
    execute(client, "ALTER TABLE facts DELETE WHERE id = 'a'")
    execute(client, "INSERT INTO facts (id) VALUES ('c')")
    found = judge(client, described(), ROWS).diagnostics
    assert (found["missing"], found["missing_keys"]) == (1, ["('a')"])
    assert (found["unexpected"], found["unexpected_keys"]) == (1, ["('c')"])
    assert (found["differing"], found["columns"]) == (0, {})


def test_a_row_that_is_there_twice_is_one_too_many(client):
    execute(
        client, "INSERT INTO facts (id, n, ratio, words, seen_at, note) SELECT * EXCEPT ingested FROM facts WHERE n = 2"
    )
    result = judge(client, described(), ROWS)
    assert (result.failed_rows, result.diagnostics["unexpected_keys"]) == (1, ["('b')"])


def test_as_a_set_a_row_may_stand_twice_and_of_one_key_any_may_be_left(client):
    execute(
        client, "INSERT INTO facts (id, n, ratio, words, seen_at, note) SELECT * EXCEPT ingested FROM facts WHERE n = 2"
    )
    execute(client, "ALTER TABLE facts DELETE WHERE n > 100")
    assert judge(client, described(as_set=True), ROWS).status is Status.PASSED
    execute(client, "ALTER TABLE facts DELETE WHERE id = 'b'")
    result = judge(client, described(as_set=True), ROWS)
    assert (result.status, result.diagnostics["missing_keys"]) == (Status.FAILED, ["('b')", "('b')"])


def test_an_unexpected_value_fails_a_set_too(client):
    execute(client, "ALTER TABLE facts UPDATE n = 3 WHERE n = 2")
    result = judge(client, described(as_set=True), ROWS)
    assert result.status is Status.FAILED


VIEW = "CREATE VIEW v_ratio AS SELECT id, avg(ratio) AS ratio FROM facts GROUP BY id"
BELOW = "SELECT id, sum(toFloat64(ratio)) / count() AS ratio FROM facts GROUP BY id"


@pytest.mark.parametrize(
    ("view", "status"),
    [
        (VIEW, Status.PASSED),
        (VIEW.replace("avg(ratio)", "avg(ratio) * 1.0000001"), Status.PASSED),
        (VIEW.replace("avg(ratio)", "avg(ratio) * 1.0001"), Status.FAILED),
        (VIEW.replace("avg(ratio)", "avg(ratio) / 0"), Status.FAILED),
        (VIEW.replace("avg(ratio)", "0 / 0"), Status.FAILED),
        (VIEW.replace("avg(ratio)", "CAST(NULL, 'Nullable(Float64)')"), Status.FAILED),
        (VIEW.replace("GROUP BY id", "GROUP BY id HAVING id = 'a'"), Status.FAILED),
    ],
)
def test_a_view_is_compared_with_what_is_computed_from_below(client, view, status):
    execute(client, view)
    item = described("v_ratio", layer="views", expected_sql=BELOW, tolerance={"ratio": Tolerance(relative=1e-6)})
    assert judge(client, item).status is status


@pytest.mark.parametrize(("exact_to", "status"), [(1, Status.PASSED), (2, Status.FAILED)])
def test_a_wide_tolerance_holds_only_above_a_number_of_rows(client, exact_to, status):
    execute(
        client,
        "CREATE VIEW v_b AS SELECT id, max(ratio) * 1.001 AS ratio, count() AS n FROM facts WHERE id = 'b' GROUP BY id",
    )
    below = "SELECT id, max(toFloat64(ratio)) AS ratio, count() AS n FROM facts WHERE id = 'b' GROUP BY id"
    tolerance = {"ratio": Tolerance(relative=1e-2, rows="n", exact_to=exact_to)}
    assert judge(client, described("v_b", expected_sql=below, tolerance=tolerance)).status is status


def test_states_are_compared_as_they_are_read(client):
    execute(
        client,
        "CREATE TABLE sums (id String, total AggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY id",
    )
    for _ in range(2):
        execute(client, "INSERT INTO sums SELECT id, sumState(n) FROM facts WHERE n < 100 GROUP BY id")
    seen = "SELECT id, sumMerge(total) AS total FROM sums GROUP BY id"
    below = "SELECT id, 2 * sum(n) AS total FROM facts WHERE n < 100 GROUP BY id"
    assert judge(client, described("sums", seen_sql=seen, expected_sql=below)).status is Status.PASSED
    result = judge(client, described("sums", seen_sql=seen, expected_sql=below.replace("2 *", "3 *")))
    assert result.diagnostics["columns"]["total"]["rows"] == 2


def test_an_object_that_is_gone_is_an_error_of_its_own_check(client):
    result = judge(client, described(), ROWS)
    assert result.status is Status.PASSED
    parity = Parity([described()], opened(client).shapes(["facts"]), {"facts.ingested": ""}, client.database)
    execute(client, "DROP TABLE facts SYNC")
    assert [check.status for check in parity.judge(opened(client))] == [Status.ERRORED]


@pytest.mark.parametrize("row", [{"id": "a"}, {**ROWS[0], "more": 1}])
def test_an_expected_row_must_have_every_column(client, row):
    with pytest.raises(UsageError, match=r"The oracle's row of facts has no"):
        judge(client, described(), [row])


def test_nothing_on_either_side_is_skipped(client):
    execute(client, "TRUNCATE TABLE facts")
    assert judge(client, described(), []).status is Status.SKIPPED
