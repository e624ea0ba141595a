"""Queries with parameters, transactions, and errors of a real server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streamproof.model.errors import SqlSourceError, WarehouseError
from streamproof.warehouse.postgres.client import connect
from streamproof.warehouse.postgres.database import Database
from streamproof.warehouse.values import UNKNOWN_TABLE, AsTyped

VALUES = [
    ("timestamptz", "2024-01-15 01:02:03.123", datetime(2024, 1, 15, 1, 2, 3, 123_000, UTC)),
    ("bigint", 1 << 62, 1 << 62),
    ("bigint", "7", 7),
    ("boolean", True, True),
    ("text", "it's 100 % \\ {x}", "it's 100 % \\ {x}"),
    ("text", None, None),
    ("text[]", ("a", "b'c"), ["a", "b'c"]),
    ("text[]", [], []),
    ("bigint[]", [1, None], [1, None]),
    ("jsonb", {"a": [1, "x"]}, {"a": [1, "x"]}),
    ("jsonb", None, None),
    ("bigint", AsTyped(" 12 "), 12),
    ("bigint[]", AsTyped("[1, 9223372036854775807]"), [1, 9223372036854775807]),
    ("text[]", AsTyped("{a,b}"), ["a", "b"]),
    ("text[]", AsTyped('["a", "b,c"]'), ["a", "b,c"]),
]


@pytest.mark.parametrize(("kind", "value", "expected"), VALUES)
def test_a_value_arrives_as_its_type(unchanged, kind, value, expected):
    sql = f"SELECT {{v:{kind}}} AS v, '100 % of {{v:text}}' AS literal -- 5 % {{v}}\n"
    if value is None and kind == "jsonb":
        assert unchanged.query(sql, {"v": value}).rows[0][0] is None
        return
    assert unchanged.query(sql, {"v": value, "unused": 1}).rows == [(expected, "100 % of {v:text}")]


def test_a_statement_that_takes_no_parameters_may_have_values(filled):
    filled.execute("CREATE VIEW found AS SELECT * FROM readings WHERE id = {id:text} AND id LIKE '%a'", {"id": "a"})
    assert filled.query("SELECT count(*) AS n FROM found").named() == [{"n": 1}]


def test_a_missing_value_is_refused(unchanged):
    with pytest.raises(WarehouseError, match=r"^suite/a\.sql:3: .*missing"):
        unchanged.query("SELECT {v:text}", {}, source="suite/a.sql:3")


def test_an_unknown_table_is_marked_and_other_errors_have_their_state(unchanged):
    with pytest.raises(WarehouseError) as unknown:
        unchanged.query("SELECT * FROM absent")
    assert unknown.value.message.endswith(f'relation "absent" does not exist {UNKNOWN_TABLE}')
    with pytest.raises(WarehouseError, match=r"division by zero \(SQLSTATE 22012\)"):
        unchanged.query("SELECT 1 / 0")
    assert unchanged.query("SELECT 1").rows == [(1,)]


@pytest.mark.parametrize("sql", ["DELETE FROM readings", "WITH d AS (DELETE FROM days RETURNING 1) SELECT * FROM d"])
def test_a_query_changes_nothing(unchanged, sql):
    with pytest.raises(WarehouseError, match="read-only transaction"):
        unchanged.query(sql)
    # A cursor reads the rows of a stream, and a cursor is only for queries.
    with pytest.raises(WarehouseError, match=r"syntax error|data-modifying"), unchanged.stream(sql) as found:
        list(found.rows)
    assert unchanged.row_counts(["readings", "days"]) == {"readings": 3, "days": 3}


@pytest.mark.parametrize("sql", ["SELECT 1; COMMIT; DELETE FROM readings", "SELECT {a:int};/* ; */ DROP TABLE days"])
def test_a_second_statement_does_not_run(unchanged, sql):
    for ask in (unchanged.query, unchanged.execute):
        with pytest.raises(WarehouseError, match=r"a second statement, which begins with (COMMIT|DROP)"):
            ask(sql, {"a": 1})
    assert unchanged.query("SELECT {a:int} ; -- the end ;\n", {"a": 1}).rows == [(1,)]
    assert unchanged.row_counts(["readings", "days"]) == {"readings": 3, "days": 3}


def test_a_script_is_one_transaction(empty):
    with pytest.raises(WarehouseError, match="absent"):
        empty.script("CREATE TABLE a (b text); INSERT INTO absent VALUES (1)", "script.sql")
    assert empty.shapes(["a"]) == {}
    with pytest.raises(SqlSourceError, match=r"script.sql:2"):
        empty.script("CREATE TABLE a (b text);\nSELECT 'x", "script.sql")
    assert empty.shapes(["a"]) == {}


def test_threads_share_a_database(unchanged):
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda n: unchanged.query("SELECT {n:int}, pg_sleep(0.02)", {"n": n}).rows[0][0], range(24))
    assert list(found) == list(range(24))


def test_a_session_that_the_server_has_ended_is_not_used_again(filled):
    ending = connect(filled.client.settings)
    ending.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    ending.close()
    assert filled.query("SELECT 1").rows == [(1,)]


def test_an_error_in_the_middle_of_a_stream_is_one_of_the_warehouse(unchanged):
    late = "SELECT 1 / (9000 - n) AS n FROM generate_series(1, 9000) AS n"
    with unchanged.stream(late, source="x.sql:1") as found, pytest.raises(WarehouseError, match=r"x.sql:1: division"):
        list(found.rows)


def test_a_stream_gives_texts_as_bytes(unchanged):
    with unchanged.stream("SELECT id, number, 'é'::varchar AS v FROM readings ORDER BY id LIMIT 1") as found:
        assert list(found.named()) == [{"id": b"a", "number": 1, "v": "é".encode()}]
    assert unchanged.query("SELECT 'x' AS t").rows == [("x",)]


def test_who_cannot_connect_is_told_where_and_not_the_password(postgres):
    wrong = replace(postgres.settings, password="not-the-password")
    with pytest.raises(WarehouseError, match="password authentication failed") as refused:
        Database.open(wrong, source="the environment (PG*)")
    assert f"{wrong.host}:{wrong.port} (user streamproof, database postgres)" in refused.value.message
    assert "the environment (PG*)" in refused.value.hint
    assert "not-the-password" not in refused.value.message
    with pytest.raises(WarehouseError, match='"nowhere" does not exist'):
        Database.open(postgres.settings.using("nowhere"))
    with pytest.raises(WarehouseError, match="refused"):
        Database.open(replace(postgres.settings, port=1))
    with pytest.raises(WarehouseError, match="SSL"):
        Database.open(replace(postgres.settings, secure=True))
