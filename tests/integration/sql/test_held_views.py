"""Views that are held on a real ClickHouse: the same rows, read once; what cannot be read is not held."""

from __future__ import annotations

import pytest

from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.view_cache import HeldViews, views_of

pytestmark = pytest.mark.engine


@pytest.fixture
def database(warehouse):
    client = warehouse.empty()
    execute(client, "CREATE TABLE facts (a UInt8, b Nullable(String)) ENGINE = MergeTree ORDER BY a")
    execute(client, "INSERT INTO facts VALUES (1, 'one'), (2, NULL)")
    execute(client, "CREATE VIEW v_facts AS SELECT a, b FROM facts")
    execute(client, "CREATE VIEW v_top AS SELECT max(a) AS top FROM v_facts")
    yield client
    client.close()


@pytest.fixture
def views(database):
    views = HeldViews(database)
    views.take(views_of(database).keys(), workers=2)
    return views


def test_queries_read_what_was_held_and_not_what_came_later(database, views):
    execute(database, "INSERT INTO facts VALUES (9, 'nine')")
    queries = {
        "SELECT count() AS n, max(top) AS top FROM v_facts, v_top": {"n": 2, "top": 2},
        "WITH x AS (SELECT v_facts.a FROM v_facts WHERE v_facts.b IS NULL) SELECT a FROM x": {"a": 2},
        "SELECT (SELECT count() FROM v_facts) + (1 IN (SELECT a FROM v_facts)) AS n": {"n": 3},
        "SELECT count() AS n FROM facts": {"n": 3},
    }
    assert views.names == {"v_facts", "v_top"}
    assert {query: rows(database, views.in_place(query))[0] for query in queries} == queries


@pytest.mark.parametrize(
    "query",
    [
        "SELECT max(a) AS top FROM v_facts",
        "SELECT max(v_facts.a) AS top FROM v_facts WHERE v_facts.b != ''",
        "WITH x AS (SELECT a FROM v_facts AS facts) SELECT max(x.a) AS top FROM x",
        "SELECT max(a) AS top FROM (SELECT a FROM v_facts UNION ALL SELECT a FROM v_facts WHERE b IS NULL)",
        "SELECT a AS top FROM v_facts WHERE a = 1 UNION ALL SELECT a AS top FROM v_facts WHERE a < 0",
        "SELECT max(o.a) AS top FROM facts AS f LEFT JOIN v_facts AS o ON f.a = o.a SETTINGS join_use_nulls = 0",
    ],
)
def test_a_view_reads_what_is_held_of_those_that_it_names(database, query):
    execute(database, f"CREATE VIEW v_over AS {query}")
    views = HeldViews(database)
    views.take({"v_facts"})
    before = rows(database, "SELECT toUInt16(top) AS top FROM v_over")
    execute(database, "INSERT INTO facts VALUES (9, 'nine'), (1, 'one')")
    views.take({"v_over", "v_facts"}, workers=2)
    assert rows(database, views.in_place("SELECT toUInt16(top) AS top FROM v_over")) == before
    views.forget({"v_over", "v_facts"})
    views.take({"v_over"})
    assert rows(database, views.in_place("SELECT toUInt16(top) AS top FROM v_over")) != before


def test_a_view_keeps_the_columns_that_it_declares(database):
    execute(
        database, "CREATE VIEW v_typed (n UInt64, text String) AS SELECT a AS n, ifNull(b, '-') AS text FROM v_facts"
    )
    columns = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = '{}' ORDER BY name"
    views = HeldViews(database)
    views.take({"v_typed", "v_facts"})
    assert rows(database, columns.format("held__v_typed")) == rows(database, columns.format("v_typed"))
    assert rows(database, "SELECT * FROM held__v_typed ORDER BY n") == [{"n": 1, "text": "one"}, {"n": 2, "text": "-"}]


def test_another_reader_finds_what_is_held_until_it_is_forgotten(database, views):
    found = HeldViews.found(database)
    assert found.names == views.names
    found.forget({"v_top", "v_nobody_holds"})
    assert HeldViews.found(database).names == {"v_facts"}
    execute(database, "INSERT INTO facts VALUES (9, 'nine')")
    assert rows(database, found.in_place("SELECT max(top) AS top FROM v_top")) == [{"top": 9}]


def test_a_view_that_cannot_be_read_is_not_held(database):
    execute(database, "CREATE VIEW v_broken AS SELECT throwIf(a > 0) AS x FROM facts")
    views = HeldViews(database)
    views.take({"v_broken", "v_top", "v_that_is_not_there"})
    assert views.names == {"v_top"}
    assert "held__v_broken" not in {row["name"] for row in rows(database, "SHOW TABLES")}


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ("OPTIMIZE TABLE facts FINAL", True),
        ("INSERT INTO facts VALUES (2, NULL)", False),
        ("ALTER TABLE facts UPDATE b = '' WHERE b IS NULL", False),
        ("CREATE OR REPLACE VIEW v_facts AS SELECT a AS c, b FROM facts", False),
        ("CREATE OR REPLACE VIEW v_facts AS SELECT toUInt16(a) AS a, b FROM facts", False),
        ("CREATE OR REPLACE VIEW v_facts AS SELECT a, b FROM facts ORDER BY a DESC", True),
    ],
)
def test_a_fingerprint_tells_other_columns_and_other_rows(database, views, change, is_same):
    before = views.fingerprint("v_facts")
    execute(database, change)
    views.forget({"v_facts"})
    views.take({"v_facts"})
    assert (views.fingerprint("v_facts") == before) is is_same
