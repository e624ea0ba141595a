"""What the processor renders is what ClickHouse stores: every table, every kind of column, taken once by its token."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from pipelines.livepeer.batches import Batch, Request, Span, process_batch, requests
from pipelines.livepeer.config import from_environment
from pipelines.livepeer.errors import SinkError
from pipelines.livepeer.event import Record
from pipelines.livepeer.fields import MAX_MS, moment
from pipelines.livepeer.local import build_processor
from pipelines.livepeer.sink import ClickHouseSink
from pipelines.livepeer.tables import COLUMNS, DISPOSITIONS

from . import events
from .conftest import Pipeline

pytestmark = pytest.mark.engine


EXACT_TIMES = """
SELECT
    count() AS rows,
    countIf(
        toUnixTimestamp64Milli(source_record_timestamp) = toInt64(event_id)
        AND toUnixTimestamp64Milli(assumeNotNull(event_timestamp)) = toInt64(event_id)
    ) AS exact
FROM record_dispositions
"""


def sink_of(pipeline: Pipeline) -> ClickHouseSink:
    return ClickHouseSink(from_environment(pipeline.environment).sink)


def written(pipeline: Pipeline, values: list[object], first: int = 0) -> list[Request]:
    """The insert requests for one batch of values."""
    processor = build_processor(from_environment(pipeline.environment))
    span = Span("in", 0, first, first + len(values) - 1, 1_790_000_000_000)
    records = [
        Record("in", 0, span.first + n, 1_781_000_000_000, v if v is None or isinstance(v, bytes) else orjson.dumps(v))
        for n, v in enumerate(values)
    ]
    work = process_batch(processor, Batch(span, records))
    tables = {**work.rows, DISPOSITIONS: work.dispositions}
    return [request for table, lines in tables.items() for request in requests(span, table, lines, 3, 10_000_000)]


def test_every_table_takes_its_rows_and_takes_them_once(pipeline: Pipeline) -> None:
    update = events.event("ai_stream_events", 20, {**events.SESSION, "type": "params_update", "pipeline": "p"})
    values = [*events.one_of_each(0), *events.one_of_each(0), None, b"\xff", *events.one_of_each(10), update]
    made = written(pipeline, values)
    assert {request.table for request in made} == set(COLUMNS)
    sink = sink_of(pipeline)

    for request in [*made, *reversed(made)]:
        sink.insert(request)

    for table in COLUMNS:
        rows = sum(request.body.count(b"\n") + 1 for request in made if request.table == table)
        assert pipeline.query(f"SELECT count() AS rows FROM {table}") == [{"rows": rows}], table
    snapshots = pipeline.query("SELECT count() AS rows FROM dim_orchestrator_capability_snapshots")
    assert snapshots == pipeline.query("SELECT count() AS rows FROM network_capabilities")


def test_values_arrive_unchanged(pipeline: Pipeline) -> None:
    sink = sink_of(pipeline)
    for request in written(pipeline, [events.status(5), events.capabilities(6)], first=2**40):
        sink.insert(request)

    [row] = pipeline.query("SELECT * FROM ai_stream_status")
    assert row["event_timestamp"].replace(tzinfo=UTC) == datetime.fromtimestamp(1_781_000_000.005, UTC)
    assert row["start_time"].replace(tzinfo=UTC) == datetime.fromtimestamp(1_781_000_000.001, UTC)
    assert row["restart_count"] == 2**32 - 1
    assert row["last_error"] == 'é " \\ \n \u0000'
    assert (row["prompt_width"], row["source_offset"]) == (65535, 2**40)
    assert row["output_fps"] == pytest.approx(16.4, rel=1e-7)
    assert orjson.loads(row["raw_json"]) == events.status(5)
    columns = "gpu_id, gpu_memory_total, gpu_major, capacity"
    gpus = pipeline.query(f"SELECT {columns} FROM network_capabilities ORDER BY gpu_id")
    assert gpus == [
        {"gpu_id": "GPU-1", "gpu_memory_total": 2**64 - 1, "gpu_major": 255, "capacity": 300},
        {"gpu_id": "GPU-2", "gpu_memory_total": None, "gpu_major": None, "capacity": 300},
        {"gpu_id": None, "gpu_memory_total": None, "gpu_major": None, "capacity": 300},
    ]
    [_, disposition] = pipeline.query("SELECT rows_written FROM record_dispositions ORDER BY source_offset")
    assert disposition["rows_written"]["network_capabilities"] == 3


def test_times_are_stored_to_the_millisecond(pipeline: Pipeline) -> None:
    generator = random.Random(7)
    times = {0, 1, 999, 1000, 9_999_999, 946_684_799_999, 1_781_000_000_123, MAX_MS}
    times |= {generator.randrange(10 ** generator.randrange(1, 13)) for _ in range(2000)}
    columns = len(COLUMNS["record_dispositions"])
    lines = []
    for number, millis in enumerate(sorted(times)):
        row = ["in", 0, number, moment(millis), str(millis), "", moment(millis), *[""] * 6, 0, {}]
        assert len(row) == columns
        lines.append(orjson.dumps(row))

    sink_of(pipeline).insert(Request("record_dispositions", b"\n".join(lines), "times"))

    stored = pipeline.query(EXACT_TIMES)
    assert stored == [{"rows": len(times), "exact": len(times)}]
    [latest] = pipeline.query("SELECT max(source_record_timestamp) AS latest FROM record_dispositions")
    assert latest["latest"].replace(tzinfo=UTC) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=MAX_MS)


def test_a_refused_insert_says_what_clickhouse_said_but_not_the_password(pipeline: Pipeline) -> None:
    with pytest.raises(SinkError, match="refused the rows of record_dispositions"):
        sink_of(pipeline).insert(Request("record_dispositions", b"[1]", "t"))
    pipeline.changes["CLICKHOUSE_PASSWORD"] = "hush"
    with pytest.raises(SinkError) as error:
        sink_of(pipeline).insert(Request("record_dispositions", b"[1]", "t"))
    assert "hush" not in str(error.value)


def test_a_clickhouse_that_is_not_there(pipeline: Pipeline) -> None:
    pipeline.changes["CLICKHOUSE_URL"] = "http://127.0.0.1:1"

    with pytest.raises(SinkError, match=r"127\.0\.0\.1:1 did not take"):
        sink_of(pipeline).insert(Request("record_dispositions", b"[1]", "t"))
    with pytest.raises(SinkError):
        list(sink_of(pipeline).lines("SELECT 1", {}))


def test_a_query_on_a_table_that_is_not_there_yet_has_no_lines(pipeline: Pipeline) -> None:
    sink = sink_of(pipeline)

    assert list(sink.lines("SELECT 1 FROM not_yet", {})) == []
    assert [line.strip() for line in sink.lines("SELECT arrayJoin([1, 2])", {})] == [b"1", b"2"]
    with pytest.raises(SinkError, match="refused a query"):
        list(sink.lines("SELECT throwIf(1)", {}))
