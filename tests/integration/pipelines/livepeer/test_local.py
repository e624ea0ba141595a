"""The local runner as a process: drained, restarted, cut off, stopped, and failing the way it should."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest

from pipelines.livepeer.lifecycle.tables import SILVER_TABLES
from streamproof.warehouse.clickhouse.client import connect, execute

from . import events
from .conftest import TIMEOUT, Pipeline
from .proxy import proxy

pytestmark = pytest.mark.engine

COUNTS = "SELECT disposition, count() AS records FROM record_dispositions GROUP BY disposition ORDER BY disposition"
# Every row belongs to a record, and every record names as many rows of the table as there are.
CONSERVED = """
SELECT count() AS broken FROM (
    SELECT source_offset, toInt64(rows_written[{table:String}]) AS difference FROM record_dispositions
    UNION ALL
    SELECT source_offset, -1 AS difference FROM {source:Identifier}
) GROUP BY source_offset HAVING sum(difference) != 0
"""
TABLES = (
    "stream_trace_events",
    "ai_stream_status",
    "network_capabilities",
    "streaming_events_dlq",
    "streaming_events_quarantine",
    *SILVER_TABLES,
)
HEAVY = {"pandas", "numpy", "airflow", "streamproof", "yaml", "clickhouse_connect", "pydantic", "requests"}


def counts(pipeline: Pipeline) -> dict[str, int]:
    return {row["disposition"]: row["records"] for row in pipeline.query(COUNTS)}


def assert_conserved(pipeline: Pipeline, records: int) -> None:
    offsets = "SELECT count() AS records, uniqExact(source_offset) AS offsets FROM record_dispositions"
    assert pipeline.query(offsets) == [{"records": records, "offsets": records}]
    for table in TABLES:
        assert pipeline.query(CONSERVED, table=table, source=table) == [], table


def test_everything_published_is_accounted_for(pipeline: Pipeline) -> None:
    mixed = [
        *events.one_of_each(0),
        events.trace(0, note="the same id again"),
        None,
        b"",
        b"\xff\xfe",
        b"[1]",
        events.status(20, fps="fast"),
        events.event("job_gateway", 21, {}),
        events.trace(22, type="app_send_stream_request"),
        events.trace(23, note="x" * 900_000),
        events.trace(24, note='"' * 600_000),
    ]
    pipeline.publish(*mixed)
    process = pipeline.start()
    pipeline.wait_until_processed(len(mixed))

    assert counts(pipeline) == {"accepted": 8, "dlq": 6, "ignored": 2, "quarantine": 1}
    assert_conserved(pipeline, len(mixed))
    dead = pipeline.rejects("dlq")
    assert sorted(reject["failure"]["reason"] for reject in dead) == [
        "json_parse_error",
        "null_payload",
        "parse_exception",
        "record_too_large",
        "root_not_object",
        "root_not_object",
    ]
    # The oversize record leaves no row in the warehouse, only its envelope in Kafka.
    assert pipeline.query("SELECT count() AS rows FROM streaming_events_dlq") == [{"rows": 5}]
    [duplicate] = pipeline.rejects("quarantine")
    assert duplicate["failure"]["failureClass"] == "DUPLICATE"
    assert pipeline.stop(process) == 0
    status = pipeline.status()
    assert (status["state"], status["processed"], status["error"]) == ("stopped", len(mixed), None)
    assert "Traceback" not in pipeline.log.read_text()


def test_it_may_start_before_the_schema_is_there(pipeline: Pipeline) -> None:
    client = connect(pipeline.stack.clickhouse)
    execute(client, f"DROP DATABASE {pipeline.name}")
    pipeline.start()
    pipeline.wait_for(lambda: pipeline.status()["state"] == "running", "the processor running")
    assert pipeline.status()["assigned"] == {pipeline.topic: [0]}

    execute(client, f"CREATE DATABASE {pipeline.name}")
    client.close()
    pipeline.apply_schema()
    pipeline.publish(events.trace(1))

    pipeline.wait_until_processed(1)
    assert counts(pipeline) == {"accepted": 1}


def test_killed_between_rows_and_dispositions_it_doubles_nothing(pipeline: Pipeline) -> None:
    batch = [events.trace(number) for number in range(20)] + [events.capabilities(30), events.trace(0), None]
    pipeline.publish(*batch)
    seen: list[str] = []

    def kill_before_dispositions(statement: str) -> bool:
        seen.append(statement.split()[2] if statement.startswith("INSERT") else "")
        if "record_dispositions" in statement and statement.startswith("INSERT"):
            pipeline.processes[0].kill()
            return False
        return True

    with proxy(pipeline.stack.clickhouse.url, kill_before_dispositions) as url:
        pipeline.changes["CLICKHOUSE_URL"] = url
        assert pipeline.start().wait(TIMEOUT) == -9
    assert "stream_trace_events" in seen
    assert pipeline.query("SELECT count() AS rows FROM stream_trace_events") == [{"rows": 20}]
    assert pipeline.query("SELECT count() AS rows FROM record_dispositions") == [{"rows": 0}]
    assert pipeline.committed() == 0

    # More has come meanwhile: the batch that was cut off must still be the same.
    pipeline.publish(events.trace(40), events.trace(1))
    del pipeline.changes["CLICKHOUSE_URL"]
    pipeline.start()
    pipeline.wait_until_processed(len(batch) + 2)

    assert_conserved(pipeline, len(batch) + 2)
    assert counts(pipeline) == {"accepted": 22, "dlq": 1, "quarantine": 2}
    assert pipeline.query("SELECT count() AS rows FROM stream_trace_events") == [{"rows": 21}]
    assert pipeline.query("SELECT count() AS rows FROM dim_orchestrator_capability_snapshots") == [{"rows": 3}]


def test_a_restart_knows_what_was_accepted_before(pipeline: Pipeline) -> None:
    pipeline.publish(events.trace(1), events.event("stream_ingest_metrics", 2, events.SESSION, id=""))
    process = pipeline.start()
    pipeline.wait_until_processed(2)
    assert pipeline.stop(process) == 0

    pipeline.publish(events.trace(1), events.event("stream_ingest_metrics", 2, events.SESSION, id=""), events.trace(3))
    pipeline.start()
    pipeline.wait_until_processed(5)

    assert counts(pipeline) == {"accepted": 3, "quarantine": 2}


def test_a_refused_insert_stops_the_job_and_moves_no_offset(pipeline: Pipeline) -> None:
    client = connect(pipeline.stack.clickhouse.using(pipeline.name))
    execute(client, "RENAME TABLE stream_trace_events TO put_aside")
    pipeline.publish(events.trace(1))
    process = pipeline.start()

    assert process.wait(TIMEOUT) == 1

    status = pipeline.status()
    assert status["state"] == "failed"
    assert "stream_trace_events" in status["error"]
    errors = [line for line in pipeline.log.read_text().splitlines() if " ERROR " in line]
    assert len(errors) == 1
    assert "Traceback" not in pipeline.log.read_text()
    assert pipeline.committed() == 0

    execute(client, "RENAME TABLE put_aside TO stream_trace_events")
    client.close()
    pipeline.start()
    pipeline.wait_until_processed(1)
    assert_conserved(pipeline, 1)


def test_an_older_schema_is_one_clear_message(pipeline: Pipeline) -> None:
    client = connect(pipeline.stack.clickhouse.using(pipeline.name))
    for table in ("fact_stream_trace_edges", "fact_workflow_sessions"):
        execute(client, f"RENAME TABLE {table} TO put_aside_{table}")
    client.close()
    pipeline.publish(events.trace(1))

    assert pipeline.start().wait(TIMEOUT) == 1

    [error] = [line for line in pipeline.log.read_text().splitlines() if " ERROR " in line]
    assert "has no fact_stream_trace_edges, fact_workflow_sessions" in error
    assert "apply the migrations" in error


def test_a_poisoned_topic_does_not_stop_it(pipeline: Pipeline) -> None:
    deep = b"[" * 900 + b"]" * 900
    poison = [
        orjson.dumps(events.trace(number)).replace(b'"gateway_receive_stream_request"', value)
        for number, value in enumerate([deep, b"1e308", b"18446744073709551615", b'"\\u0000"', b'"\\udc00"', b"[[]]"])
    ]
    pipeline.publish(*poison, events.event("stream_trace", 9, {}, id="i" * 900_000), events.trace(10))
    process = pipeline.start()

    pipeline.wait_until_processed(len(poison) + 2)
    assert_conserved(pipeline, len(poison) + 2)
    assert pipeline.stop(process) == 0


def test_a_wrong_setting_is_one_clear_line(pipeline: Pipeline) -> None:
    pipeline.changes["QUALITY_DEDUP_TTL_MINUTES"] = "a day"
    process = pipeline.start()

    assert process.wait(TIMEOUT) == 2
    assert pipeline.log.read_text().count("\n") == 1
    assert "QUALITY_DEDUP_TTL_MINUTES" in pipeline.log.read_text()


def test_a_second_processor_of_the_group_takes_over(pipeline: Pipeline) -> None:
    first = pipeline.start()
    pipeline.wait_for(lambda: pipeline.status()["state"] == "running", "the first processor running")
    second = pipeline.start()

    assert first.wait(TIMEOUT) == 1
    assert "one processor a group" in pipeline.log.read_text()
    pipeline.publish(events.trace(1))
    pipeline.wait_until_processed(1)
    assert pipeline.stop(second) == 0


def test_the_processor_imports_nothing_heavy() -> None:
    program = "import sys, pipelines.livepeer.local; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(answer.stdout.split())

    assert not loaded & HEAVY
