"""`streamproof event` on the real engine: where one event is, and that no other event is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from streamproof.checks.event_trace import EventQueries, EventTrace, read_event_queries, trace_event
from streamproof.cli.main import app
from streamproof.model.errors import UsageError
from streamproof.packs.accounting import Accounting
from streamproof.packs.loading import load_pack
from streamproof.warehouse.clickhouse.client import execute
from streamproof.warehouse.registry import event_queries
from tests.integration.conftest import Warehouse
from tests.integration.sql.upper_rows import write
from tests.support.databases import opened

pytestmark = pytest.mark.engine

# The rows of the tests of `streamproof session`.
BATCHES = yaml.safe_load((Path(__file__).parent / "session_rows.yaml").read_text())["batches"]
# A capability event, and a sample of its orchestrator a second later.
SNAPSHOT = {
    "network_capabilities": [{"event_timestamp": "10:00:19", "orchestrator_address": "0xY", "raw_event_uid": "cap"}],
    "fact_stream_status_samples": [
        {"sample_ts": "10:00:20", "orchestrator_address": "0xy", "is_attributed": 1, "session": "later"},
        {"sample_ts": "10:00:18", "orchestrator_address": "0xy", "is_attributed": 1, "session": "earlier"},
    ],
}
HOME = Path(__file__).resolve().parents[3]
QUERIES = read_event_queries(load_pack(HOME, "livepeer"), home=HOME)
RUN_ONLY = ("replay_ledger", "record_dispositions")


@pytest.fixture(scope="module")
def filled(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.with_schema()
    write(client, [*BATCHES, SNAPSHOT], "event")
    yield client
    client.close()


def counts(trace: EventTrace) -> dict[str, int]:
    assert [result.error for result in trace.broken] == []
    return {result.name: len(result.rows) for _, result in trace.layers if result.rows}


def rows_of(trace: EventTrace, name: str) -> list[dict[str, Any]]:
    return next(result.as_json()["rows"] for _, result in trace.layers if result.name == name)


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (
            "a",
            {
                "01_published": 1,
                "02_raw_records": 1,
                "03_dispositions": 1,
                "05_typed_rows": 1,
                "06_silver_facts": 1,
                "07_session_parts": 1,
                "08_sessions": 1,
            },
        ),
        (
            "b",
            {
                "01_published": 1,
                "02_raw_records": 2,
                "03_dispositions": 1,
                "04_rejects": 1,
                "05_typed_rows": 1,
                "06_silver_facts": 1,
                "08_sessions": 1,
            },
        ),
        ("x", {"04_rejects": 1}),
        ("cap", {"05_typed_rows": 1, "09_capability_snapshots": 1, "10_samples_after_snapshot": 1}),
    ],
)
def test_each_layer_shows_the_event_and_no_other(filled, event, found):
    assert counts(trace_event(opened(filled), QUERIES, event)) == found


def test_an_event_without_an_id_is_known_by_the_hash_of_its_bytes(filled):
    uid = filled.query("SELECT event_uid FROM streaming_events WHERE payload = 'no id'").first_row[0]
    assert len(uid) == 64
    assert counts(trace_event(opened(filled), QUERIES, uid)) == {"02_raw_records": 1}


def test_it_says_which_session_used_the_event(filled):
    trace = trace_event(opened(filled), QUERIES, "a")
    (fact,) = rows_of(trace, "06_silver_facts")
    assert (fact["silver_table"], fact["says"]) == ("fact_stream_trace_edges", "gateway_receive_stream_request")
    (session,) = rows_of(trace, "08_sessions")
    assert (session["workflow_session_id"], session["used_as"]) == ("s1|r1", "signal")


def test_it_says_which_samples_a_capability_event_may_have_explained(filled):
    (samples,) = rows_of(trace_event(opened(filled), QUERIES, "cap"), "10_samples_after_snapshot")
    assert (samples["workflow_session_id"], samples["sample_count"]) == ("later|later", 1)


def test_a_production_warehouse_lacks_what_only_a_run_makes(warehouse):
    client = warehouse.with_schema()
    write(client, BATCHES, "production")
    for table in RUN_ONLY:
        execute(client, f"DROP TABLE {table}")
    trace = trace_event(opened(client), QUERIES, "a", run_only_tables=RUN_ONLY)
    assert {result.name for _, result in trace.layers if result.skipped} == {"01_published", "03_dispositions"}
    assert counts(trace)["06_silver_facts"] == 1


def test_a_hint_names_the_nearest_events(filled):
    with pytest.raises(UsageError, match=r"There is no event 'e\.'") as raised:
        trace_event(opened(filled), QUERIES, "e.")
    assert raised.value.hint.startswith("The nearest: ")
    assert "e.1" in raised.value.hint


def test_the_command_prints_one_document_or_tables(warehouse, filled, monkeypatch):
    monkeypatch.setenv("CH_HOST", warehouse.settings.host)
    monkeypatch.setenv("CH_PORT", str(warehouse.settings.port))
    monkeypatch.setenv("CH_USER", warehouse.settings.user)
    monkeypatch.setenv("CH_DATABASE", filled.database)
    ended = CliRunner().invoke(app, ["event", "a", "--json"])
    assert ended.exit_code == 0, ended.stderr
    document = json.loads(ended.stdout)
    assert (document["event_id"], document["layers"][0]["layer"]) == ("a", "published")
    shown = CliRunner().invoke(app, ["event", " a "])
    for part in ("Event a", "raw_records 1", "session_parts 1"):
        assert part in shown.stdout
    unknown = CliRunner().invoke(app, ["event", "nobody"])
    assert (unknown.exit_code, len(unknown.stderr.splitlines())) == (2, 2)
    assert CliRunner().invoke(app, ["event", " "]).exit_code == 2


def test_the_accounting_of_any_pack_finds_events(warehouse):
    client = warehouse.with_schema()
    write(client, BATCHES, "accounting")
    accounting = Accounting.model_validate(
        {
            "raw": {
                "table": "streaming_events",
                "topic": "source_topic",
                "partition": "source_partition",
                "offset": "source_offset",
            },
            "ids": {
                "tables": [{"table": "stream_trace_events", "column": "raw_event_uid"}],
                "reject_tables": [{"table": "streaming_events_quarantine", "column": "event_id"}],
                "reject_topics": [{"topic": "dlq", "path": "identity.eventId"}],
            },
            "dispositions": {"table": "record_dispositions"},
        }
    )
    execute(
        client,
        "INSERT INTO reject_topic_ids (place, source_offset, id) VALUES ('topic dlq', 0, 'a'), ('topic dlq', 1, 'b')",
    )
    nearest, *layers = event_queries("clickhouse", accounting, {"stream_trace_events": "typed"})
    trace = trace_event(opened(client), EventQueries(nearest, tuple(layers)), "a")
    assert counts(trace) == {
        "published": 1,
        "streaming_events": 1,
        "record_dispositions": 1,
        "stream_trace_events": 1,
        "topic dlq": 1,
    }
    assert [layer for layer, _ in trace.layers] == ["published", "raw", "raw", "typed", "rejects", "rejects"]
