"""The checks of the accounting: sound data pass, and every mutation of a clone makes its check fail."""

from __future__ import annotations

import pytest

from streamproof.checks.assertions import run_check
from streamproof.model.results import Status
from streamproof.packs.accounting import Accounting
from streamproof.warehouse.postgres import accounting_checks, event_queries

PARAMETERS = {"input_topic": "in"}
ACCOUNTING = Accounting.model_validate(
    {
        "raw": {"table": "raw", "topic": "topic", "partition": "part", "offset": "position", "value": "value"},
        "dispositions": {"table": "dispositions", "topic": "topic", "partition": "part", "offset": "position"},
        "ids": {
            "tables": [{"table": "accepted", "column": "id"}, {"table": "parts", "column": "id", "many": True}],
            "reject_tables": [{"table": "quarantine", "column": "id", "where": "reason <> 'it''s noise'"}],
            "reject_topics": [{"topic": "dlq", "path": "id"}],
        },
    }
)
# Ids 1 to 9: accepted (1 to 3), in parts (4, 5), in quarantine (6, 7), in the topic (8, 9); 10 has no id.
ROWS = """
CREATE TABLE raw (topic text, part int, position bigint, value text, PRIMARY KEY (topic, part, position));
CREATE TABLE dispositions (topic text, part int, position bigint PRIMARY KEY);
CREATE TABLE accepted (id bigint, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE accepted_1 PARTITION OF accepted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE parts (id text, n int GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (id, n));
CREATE TABLE quarantine (id text, reason text);
CREATE UNIQUE INDEX once ON quarantine (id);
INSERT INTO replay_ledger
SELECT n, 'in', 0, n, now(), 'uid ' || n, '', NULL, '', 'session ' || n % 2,
    CASE n WHEN 10 THEN 'null' ELSE 'bytes' END, encode(sha256(convert_to('v\\\\é' || n, 'UTF8')), 'hex'),
    '', '', '', CASE n WHEN 10 THEN '' ELSE n::text END, '', ''
FROM generate_series(1, 10) AS n;
INSERT INTO raw SELECT 'in', 0, n, 'v\\\\é' || n FROM generate_series(1, 10) AS n;
INSERT INTO dispositions SELECT 'in', 0, n FROM generate_series(1, 10) AS n;
INSERT INTO accepted SELECT n, '2024-05-05' FROM generate_series(1, 3) AS n;
INSERT INTO parts (id) VALUES ('4'), ('4'), ('5'), ('5');
INSERT INTO quarantine VALUES ('6', 'bad'), ('7', 'bad'), ('other', 'it''s noise');
INSERT INTO reject_topic_ids VALUES ('topic dlq', 0, 0, '8'), ('topic dlq', 0, 1, '9'), ('topic dlq', 0, 2, '');
"""
CHECKS = accounting_checks(ACCOUNTING, {"accepted": "typed"})
MUTATIONS = [(check, mutation) for check in CHECKS for mutation in check.mutations]


@pytest.fixture(scope="module")
def clone(postgres):
    database = postgres.empty()
    database.apply_schema(postgres.schema, feed=None, retention=False)
    database.script(ROWS, "rows")
    clone = database.clone(f"{database.database}_clone", postgres.schema)
    yield clone
    clone.drop()


def test_the_checks_are_those_of_the_parts():
    assert [(check.name, check.rung, check.layer) for check in CHECKS] == [
        ("raw_holds_every_record_once", "raw_complete", "raw"),
        ("raw_values_are_those_published", "raw_complete", "raw"),
        ("no_id_is_missing", "ids_accounted", "typed"),
        ("no_id_is_duplicated", "ids_accounted", "typed"),
        ("no_id_is_in_two_places", "ids_accounted", "typed"),
        ("no_id_is_from_nowhere", "ids_accounted", "typed"),
        ("dispositions_hold_every_record_once", "records_accounted", "raw"),
    ]
    assert accounting_checks(Accounting(), {}) == ()


@pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
def test_sound_data_pass(clone, check):
    found = run_check(clone, check, PARAMETERS, suite="s")
    assert (found.status, found.error) == (Status.PASSED, None)


@pytest.mark.parametrize(("check", "mutation"), MUTATIONS, ids=[f"{c.name}-{m.name}" for c, m in MUTATIONS])
def test_every_mutation_is_seen(clone, check, mutation):
    clone.execute(mutation.sql)
    try:
        found = run_check(clone, check, PARAMETERS, suite="s")
        assert (found.status, found.error, found.failed_rows) == (Status.FAILED, None, 1)
        assert clone.change().changed
    finally:
        clone.restore()
    assert run_check(clone, check, PARAMETERS, suite="s").status is Status.PASSED


def test_without_a_published_record_nothing_is_judged(clone):
    clone.execute("DELETE FROM replay_ledger")
    clone.execute("DELETE FROM raw")
    try:
        found = {check.name: run_check(clone, check, PARAMETERS, suite="s") for check in CHECKS[:2]}
        assert {one.status for one in found.values()} == {Status.SKIPPED}
    finally:
        clone.restore()


def test_the_diagnostics_name_what_is_wrong(clone):
    clone.execute("DELETE FROM quarantine WHERE id = '7'")
    try:
        found = run_check(clone, CHECKS[2], PARAMETERS, suite="s")
        assert (found.diagnostics["ids"], found.diagnostics["ids_published"]) == (["7"], 9)
        assert found.sessions == ("session 1",)
    finally:
        clone.restore()


def test_one_event_is_found_in_every_place(clone):
    queries = {block.name: block for block in event_queries(ACCOUNTING, {})}
    assert list(queries) == [
        "nearest",
        "published",
        "raw",
        "dispositions",
        "accepted",
        "parts",
        "quarantine",
        "topic dlq",
    ]
    counts = {
        name: [len(clone.query(block.sql, {"event": event}).rows) for event in ("1", "uid 4", "4", "7", "8", "other")]
        for name, block in queries.items()
        if name != "nearest"
    }
    assert counts == {
        "published": [1, 1, 1, 1, 1, 0],
        "raw": [1, 1, 1, 1, 1, 0],
        "dispositions": [1, 1, 1, 1, 1, 0],
        "accepted": [1, 0, 0, 0, 0, 0],
        "parts": [0, 0, 2, 0, 0, 0],
        "quarantine": [0, 0, 0, 1, 0, 0],
        "topic dlq": [0, 0, 0, 0, 1, 0],
    }
    assert clone.query(queries["nearest"].sql, {"event": "71"}).rows[0] == ("7",)
