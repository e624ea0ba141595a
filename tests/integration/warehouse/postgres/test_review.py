"""The review of a pack's SQL on a server of its own."""

from __future__ import annotations

from streamproof.warehouse.postgres import review_sql
from streamproof.warehouse.values import SqlText

TYPES = (("id", "text"), ("ids", "bigint[]"), ("at", "timestamptz"), ("n", "numeric"), ("known", "bigint"))
TEXTS = {
    "good": SqlText(
        "good",
        "-- 100 %\nSELECT count(*) AS failed_rows FROM readings WHERE id = {id:text} AND number = ANY({ids:bigint[]})"
        " AND at > {at:timestamptz} AND value > {n:numeric} AND number = {known:bigint}",
        TYPES,
        "failed_rows",
    ),
    "column": SqlText("column", "SELECT nothing FROM readings"),
    "uncounted": SqlText("uncounted", "SELECT 1 AS other", (), "failed_rows"),
    "text": SqlText("text", "SELECT '1' AS failed_rows", (), "failed_rows"),
    "numeric": SqlText("numeric", "SELECT sum(number) AS failed_rows FROM readings", (), "failed_rows"),
    "mutation": SqlText("mutation", "DELETE FROM days WHERE reading = {id:text}", (("id", "text"),)),
    # In an empty table, these have no key to copy: only rows of a run show whether a constraint holds.
    "copied": SqlText("copied", "INSERT INTO days (day, reading) SELECT max(day), max(reading) FROM days"),
    "common": SqlText(
        "common",
        "WITH lost AS (DELETE FROM days RETURNING day, reading)\nINSERT INTO days (day, reading) SELECT * FROM lost",
    ),
    "common lost": SqlText(
        "common lost", "WITH lost AS (DELETE FROM days RETURNING absent)\nINSERT INTO days (reading) SELECT * FROM lost"
    ),
    "drop": SqlText("drop", "DROP TABLE days"),
    "lost": SqlText("lost", "UPDATE days SET absent = 1"),
    "after": SqlText("after", "SELECT count(*) AS failed_rows FROM days, largest", (), "failed_rows"),
}


def test_every_refusal_is_reported_and_nothing_is_left_of_a_text(postgres):
    found = review_sql(postgres.schema, list(TEXTS.values()), {"known": 5})
    problems = dict(found.problems)
    assert problems.keys() == {"column", "uncounted", "text", "numeric", "common lost", "lost"}
    assert 'column "nothing" does not exist' in problems["column"]
    assert problems["uncounted"] == "the query returns no column `failed_rows`, but other"
    assert problems["numeric"] == "column `failed_rows` is numeric, not a whole number"
    assert {"readings", "days", "families", "replay_ledger"} <= found.objects


def test_a_refused_schema_ends_the_review(tmp_path):
    (tmp_path / "0001_a.sql.j2").write_text("CREATE TABLE a (b text);\nCREATE TABLE c (d absent);", encoding="utf-8")
    found = review_sql(tmp_path, list(TEXTS.values()), {})
    assert [source for source, _ in found.problems] == ["0001_a.sql.j2, statement 2"]
    assert found.objects == frozenset()
