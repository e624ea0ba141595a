"""Migrations of a schema: once, whole, and never changed afterwards."""

from __future__ import annotations

import json

import pytest

from streamproof.model.errors import SqlSourceError, UsageError, WarehouseError
from streamproof.warehouse.postgres.migrations import schema_variables


def _write(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name[1:]}.sql.j2").write_text(text, encoding="utf-8")
    return folder


def test_migrations_are_applied_once_in_their_order(empty, tmp_path):
    folder = _write(tmp_path, _0002_b="INSERT INTO a VALUES ('it''s; \\');", _0001_a="CREATE TABLE a (b text);")
    assert empty.apply_schema(folder, feed=None, retention=False) == (["0001_a", "0002_b"], 2)
    assert empty.apply_schema(folder, feed=None, retention=True) == ([], 0)
    assert empty.query("SELECT b FROM a").rows == [("it's; \\",)]
    assert empty.row_counts(["schema_migrations", "replay_ledger", "reject_topic_ids", "service_log_lines"]) == {
        "schema_migrations": 2, "replay_ledger": 0, "reject_topic_ids": 0, "service_log_lines": 0
    }  # fmt: skip


def test_nothing_of_a_failed_migration_is_left(empty, tmp_path):
    folder = _write(tmp_path, _0001_a="CREATE TABLE a (b text); CREATE TABLE c (d absent);")
    with pytest.raises(WarehouseError, match=r'^0001_a.sql.j2, statement 2 of 2: type "absent" does not exist'):
        empty.apply_schema(folder, feed=None, retention=False)
    assert empty.shapes(["a", "c"]) == {}
    _write(folder, _0001_a="CREATE TABLE a (b text); CREATE TABLE c (d text);")
    assert empty.apply_schema(folder, feed=None, retention=False) == (["0001_a"], 2)


def test_a_changed_migration_is_refused(filled, tmp_path):
    _write(tmp_path, _0001_tables="SELECT 1;")
    with pytest.raises(WarehouseError, match="0001_tables was applied to this database and has since changed"):
        filled.apply_schema(tmp_path, feed=None, retention=False)


def test_a_broken_template_changes_nothing(empty, tmp_path):
    folder = _write(tmp_path, _0001_a="CREATE TABLE a (b text);", _0002_b="{{ unknown }}")
    with pytest.raises(SqlSourceError, match="unknown"):
        empty.apply_schema(folder, feed=None, retention=False)
    assert empty.shapes(["a", "schema_migrations"]) == {}


def test_a_server_is_asked_for_the_extension(empty, postgres):
    expected = {"kafka": False, "retention": False, "timescaledb": postgres.has_timescaledb}
    assert schema_variables(empty.client, retention=False) == expected


def test_a_schema_is_compared_with_what_the_checks_need(filled, postgres, tmp_path):
    expected = tmp_path / "columns.json"
    columns = {"readings": {"id": "text", "number": "integer"}, "days": {"twice": "bigint"}, "own": {"a": "text"}}
    expected.write_text(json.dumps(columns))
    finding = filled.check_schema(expected, postgres.schema, may_be_missing=["own"])
    assert (finding.migrations, finding.absent, finding.owner) == (1, ("own",), None)
    assert finding.other_types == ("readings.number is bigint, not integer",)
    with pytest.raises(WarehouseError, match="has no own"):
        filled.check_schema(expected, postgres.schema, may_be_missing=[])
    newer = _write(tmp_path, _0001_tables=(postgres.schema / "0001_tables.sql.j2").read_text(), _0002_more="SELECT 1;")
    with pytest.raises(WarehouseError, match="1 migration behind: 0002_more"):
        filled.check_schema(expected, newer, may_be_missing=["own"])
    expected.write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        filled.check_schema(expected, postgres.schema, may_be_missing=[])
