"""The view cache on a real ClickHouse: the same rows, read once; what cannot be read is not cached."""

from __future__ import annotations

import pytest

from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.view_cache import ViewCache, drop_cache_of, views_of
from tests.support.databases import opened

pytestmark = pytest.mark.engine


@pytest.fixture
def client(warehouse):
    client = warehouse.empty()
    execute(client, "CREATE TABLE facts (a UInt8, b Nullable(String)) ENGINE = MergeTree ORDER BY a")
    execute(client, "INSERT INTO facts VALUES (1, 'one'), (2, NULL)")
    execute(client, "CREATE VIEW v_facts AS SELECT a, b FROM facts")
    execute(client, "CREATE VIEW v_top AS SELECT max(a) AS top FROM v_facts")
    yield client
    drop_cache_of(client, client.database)
    client.close()


@pytest.fixture
def database(client):
    database = opened(client)
    database.views.take(views_of(client).keys(), workers=2)
    return database


def test_queries_read_what_was_cached_and_not_what_came_later(client, database):
    execute(client, "INSERT INTO facts VALUES (9, 'nine')")
    queries = {
        "SELECT count() AS n, max(top) AS top FROM v_facts, v_top": {"n": 2, "top": 2},
        "WITH x AS (SELECT v_facts.a FROM v_facts WHERE v_facts.b IS NULL) SELECT a FROM x": {"a": 2},
        "SELECT (SELECT count() FROM v_facts) + (1 IN (SELECT a FROM v_facts)) AS n": {"n": 3},
        "SELECT count() AS n FROM v_facts AS seen RIGHT JOIN facts ON seen.a = facts.a": {"n": 3},
        "SELECT count() AS n FROM facts": {"n": 3},
        "SELECT count() AS n FROM merge('^facts$')": {"n": 3},
        "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'v_facts'": {"engine": "View"},
    }
    assert database.views.names == {"v_facts", "v_top"}
    assert {query: database.query(query).named()[0] for query in queries} == queries


def test_a_table_beside_a_cached_view_is_read_as_it_is(client):
    execute(client, "CREATE TABLE versions (k UInt8, v UInt8) ENGINE = ReplacingMergeTree(v) ORDER BY k")
    for version in (1, 2):
        execute(client, f"INSERT INTO versions VALUES (1, {version})")
    database = opened(client)
    database.views.take({"v_top"})
    assert database.query("SELECT v, top FROM versions FINAL, v_top").rows == [(2, 2)]
    execute(client, "DROP TABLE versions SYNC")
    execute(client, "CREATE TABLE versions (k UInt8, v UInt8, w String) ENGINE = MergeTree ORDER BY k")
    execute(client, "INSERT INTO versions VALUES (1, 3, 'w')")
    assert database.query("SELECT v, w, top FROM versions, v_top").rows == [(3, "w", 2)]


def test_a_view_keeps_the_columns_that_it_declares(client):
    execute(client, "CREATE VIEW v_typed (n UInt64, text String) AS SELECT a AS n, ifNull(b, '-') AS text FROM v_facts")
    database = opened(client)
    database.views.take({"v_typed", "v_facts"})
    answer = database.query("SELECT *, toTypeName(n) AS kind FROM v_typed ORDER BY n")
    assert answer.named() == [{"n": 1, "text": "one", "kind": "UInt64"}, {"n": 2, "text": "-", "kind": "UInt64"}]


def test_another_reader_finds_what_is_cached_until_it_is_forgotten(client, database):
    found = opened(client)
    found.use_view_cache()
    assert found.views.names == database.views.names
    found.views.forget({"v_top", "v_nobody_caches"})
    assert ViewCache.found(client).names == {"v_facts"}
    execute(client, "INSERT INTO facts VALUES (9, 'nine')")
    assert found.query("SELECT max(top) AS top FROM v_top").rows == [(9,)]
    # The view itself is read anew, beside one that is cached.
    assert found.query("SELECT count() AS n, max(top) AS top FROM v_facts, v_top").rows == [(2, 9)]


def test_a_view_that_cannot_be_read_is_not_cached(client):
    execute(client, "CREATE VIEW v_broken AS SELECT throwIf(a > 0) AS x FROM facts")
    cache = ViewCache(client)
    errors = cache.take({"v_broken", "v_top", "v_that_is_not_there"})
    assert "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO" in errors.pop("v_broken")
    assert "v_that_is_not_there" in errors.pop("v_that_is_not_there")
    assert errors == {}
    assert cache.names == ViewCache.found(client).names == {"v_top"}


def test_a_dropped_cache_is_gone_and_its_database_is_not(client, database):
    database.drop_view_cache()
    assert database.views.names == frozenset()
    assert rows(client, "SELECT 1 FROM system.databases WHERE name = {n:String}", {"n": database.views.database}) == []
    assert database.query("SELECT count() FROM v_facts").rows == [(2,)]


def test_a_database_that_is_no_cache_is_never_dropped(client):
    execute(client, "CREATE DATABASE {name:Identifier}", {"name": f"{client.database}__views"})
    drop_cache_of(client, client.database)
    execute(client, "DROP DATABASE {name:Identifier}", {"name": f"{client.database}__views"})
