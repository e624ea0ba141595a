"""Clones: they have the rows and the schema, see every change, and are restored whole."""

from __future__ import annotations

import pytest

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clones import Target
from streamproof.warehouse.postgres.client import connect
from streamproof.warehouse.postgres.duplicating import duplicating
from streamproof.warehouse.postgres.servers.databases import drop_database

CHANGES = {
    "UPDATE readings SET number = number WHERE id = 'a'": {"readings"},
    "DELETE FROM days WHERE reading = 'c'": {"days"},
    "TRUNCATE days": {"days"},
    "TRUNCATE days_20240115": {"days"},
    "DROP VIEW largest": {"largest"},
    "CREATE OR REPLACE VIEW largest AS SELECT 'x'::text AS family": {"largest"},
    "ALTER TABLE readings DROP COLUMN data": {"readings"},
    "ALTER TABLE readings ALTER COLUMN number TYPE integer": {"readings"},
    "ALTER TABLE readings DROP CONSTRAINT readings_pkey": {"readings"},
    "DROP TABLE days": {"days"},
    "CREATE TABLE more (a text)": {"more"},
    "SELECT 1": set(),
}


@pytest.fixture(scope="module")
def pair(postgres):
    database = postgres.with_rows()
    clone = database.clone(f"{database.database}_clone", postgres.schema)
    yield database, clone
    clone.drop()
    database.close()
    drop_database(postgres.settings, database.database)


def _content(database):
    counts = "SELECT (SELECT count(*) FROM days), (SELECT sum(number) FROM readings), (SELECT max(family) FROM largest)"
    return database.query(counts).rows


@pytest.mark.parametrize("statement", CHANGES)
def test_a_change_is_seen_and_undone(pair, statement):
    source, clone = pair
    before = _content(source)
    assert _content(clone) == before
    clone.execute(statement)
    change = clone.change()
    assert change.changed == CHANGES[statement]
    assert change.gone == (change.changed if statement.startswith("DROP") else frozenset())
    clone.restore(change)
    assert clone.change().changed == frozenset()
    assert _content(clone) == before == _content(source)


def test_an_error_undoes_only_its_own_statement(pair):
    clone = pair[1]
    clone.execute("DELETE FROM days WHERE reading = 'c'")
    with pytest.raises(WarehouseError):
        clone.execute("DELETE FROM absent")
    with pytest.raises(WarehouseError, match="read-only"):
        clone.query("WITH d AS (DELETE FROM days RETURNING 1) SELECT * FROM d")
    assert clone.row_counts(["days"]) == {"days": 2}
    clone.execute("DELETE FROM days WHERE reading = 'b'")
    assert clone.row_counts(["days"]) == {"days": 1}
    clone.restore()
    assert clone.row_counts(["days"]) == {"days": 3}


def test_the_definitions_are_those_of_the_views(pair):
    found = pair[1].definitions()
    assert found["readings"] == ""
    assert "families" in found["largest"]


def test_a_database_that_others_use_is_not_cloned(filled, postgres):
    other = connect(filled.client.settings)
    other.execute("SET application_name = 'a loader'")
    try:
        with pytest.raises(WarehouseError, match=r"being accessed by other users.*1 other session"):
            filled.clone("never", postgres.schema)
    finally:
        other.close()
    assert _content(filled) == [(3, 6, "one")]


def test_idle_sessions_of_ours_do_not_prevent_a_clone(filled, postgres):
    other = connect(filled.client.settings)
    clone = filled.clone("of_filled", postgres.schema)
    clone.drop()
    assert _content(filled) == [(3, 6, "one")]
    other.close()


# What TimescaleDB has, with a note of each call: whether the database then took new connections.
WORKERS = """
CREATE SCHEMA _timescaledb_functions;
CREATE TABLE calls (name text, open bool);
CREATE FUNCTION _timescaledb_functions.stop_background_workers() RETURNS void LANGUAGE sql AS $$
    INSERT INTO calls SELECT 'stop', datallowconn FROM pg_database WHERE datname = current_database() $$;
CREATE FUNCTION _timescaledb_functions.start_background_workers() RETURNS void LANGUAGE sql AS $$
    INSERT INTO calls SELECT 'start', datallowconn FROM pg_database WHERE datname = current_database() $$;
"""


def test_workers_of_the_server_cannot_come_back_while_a_database_is_cloned(empty, tmp_path):
    empty.script(WORKERS, "workers")
    (tmp_path / "0001_none.sql.j2").write_text("SELECT 1;", encoding="utf-8")
    clone = empty.clone(f"{empty.database}_clone", tmp_path)
    try:
        assert _calls(clone) == [("stop", False)]
        assert _calls(empty) == [("stop", False), ("start", True)]
    finally:
        clone.drop()


def _calls(database):
    return [tuple(row) for row in database.query("SELECT name, open FROM calls").rows]


# Rows in partitions of a day by whatever means the server has.
HYPERTABLE = """
{% if timescaledb %}CREATE EXTENSION IF NOT EXISTS timescaledb;{% endif %}
CREATE TABLE trades (at timestamptz NOT NULL, id bigint NOT NULL, price numeric(20, 9), PRIMARY KEY (at, id))
{{- '' if timescaledb else ' PARTITION BY RANGE (at)' }};
{% if timescaledb %}
SELECT create_hypertable('trades', by_range('at', INTERVAL '1 day'));
{% else %}
CREATE TABLE trades_20240115 PARTITION OF trades FOR VALUES FROM ('2024-01-15 00:00+00') TO ('2024-01-16 00:00+00');
CREATE TABLE trades_20240116 PARTITION OF trades FOR VALUES FROM ('2024-01-16 00:00+00') TO ('2024-01-17 00:00+00');
{% endif %}
"""


def test_a_table_in_days_is_cloned_broken_and_restored(empty, tmp_path):
    (tmp_path / "0001_trades.sql.j2").write_text(HYPERTABLE, encoding="utf-8")
    empty.apply_schema(tmp_path, feed=None, retention=False)
    rows = "SELECT '2024-01-15 00:00+00'::timestamptz + n * interval '1 hour', n, n FROM generate_series(0, 47) AS n"
    empty.execute(f"INSERT INTO trades {rows}")
    assert (empty.row_counts(["trades"]), empty.inserts_running()) == ({"trades": 48}, 0)
    clone = empty.clone(f"{empty.database}_clone", tmp_path)
    try:
        for statement, number in {
            "DELETE FROM trades WHERE id = 40": 47,
            "UPDATE trades SET price = 0 WHERE id = 3": 48,
            duplicating('"trades"', "WHERE id = 40 LIMIT 1"): 49,
            "TRUNCATE trades": 0,
        }.items():
            clone.execute(statement)
            assert (clone.change().changed, clone.row_counts(["trades"])) == ({"trades"}, {"trades": number})
            clone.restore()
            assert (clone.change().changed, clone.row_counts(["trades"])) == (frozenset(), {"trades": 48})
    finally:
        clone.drop()


def _target(clone, name, family=""):
    shape = clone.shapes([name])[name]
    return Target(name, "l", ("l",), shape, shape.columns, family)


@pytest.mark.parametrize("name", ["readings", "days", "families"])
def test_every_damage_changes_what_a_query_reads(pair, name):
    clone = pair[1]
    whole = f"SELECT * FROM {name} ORDER BY 1, 2"
    before = clone.query(whole).rows
    damaging = clone.damaging(_target(clone, name, "family" if name != "days" else ""))
    try:
        for damage, has_effect in damaging.damages(every=True):
            damaging.apply(damage)
            assert (clone.query(whole).rows != before) == has_effect, damage
    finally:
        damaging.restore()
    assert clone.query(whole).rows == before
    assert clone.change().changed == frozenset()


def test_the_damage_of_a_table_reaches_the_views_above_it(pair):
    clone = pair[1]
    damaging = clone.damaging(_target(clone, "readings", "family"))
    damages = {(damage.column, damage.name): damage for damage, _ in damaging.damages(every=True)}
    damaging.apply(damages["family", "one constant"])
    assert clone.query("SELECT family FROM largest").rows == [("damaged",)]
    damaging.apply(damages["", "a family is lost"])
    assert clone.query("SELECT * FROM families").rows[0][:2] == ("two", 1)
    damaging.restore()
    assert clone.query("SELECT family FROM largest").rows == [("one",)]


def test_the_damage_of_a_view_reaches_the_view_above_it(pair):
    clone = pair[1]
    damaging = clone.damaging(_target(clone, "families"))
    first = {damage.column: damage for damage, has_effect in damaging.damages(every=False) if has_effect}
    assert first.keys() == {"family", "readings", "total"}
    damaging.apply(first["family"])
    assert clone.query("SELECT family FROM largest").rows == [("damaged",)]
    damaging.restore()
    assert clone.query("SELECT family FROM largest").rows == [("one",)]
