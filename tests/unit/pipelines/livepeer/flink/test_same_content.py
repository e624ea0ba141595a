"""The job on Flink writes what the local runner writes, however partitions interleave and whenever it restarts."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.livepeer.batches import Batch, Span, process_batch
from pipelines.livepeer.event import Record
from pipelines.livepeer.lifecycle import tables
from pipelines.livepeer.tables import COLUMNS, DISPOSITIONS
from tests.unit.pipelines.livepeer import samples

from .simulated_job import NOW_MS, SimulatedJob, interleaved, new_processor

PARTITIONS = 4
START_MS = 1_781_000_000_000
WALLETS = tuple(f"0x{letter}{'0' * 38}1" for letter in "ab")
# Found by their columns, not by the order in which they were written.
POSITION = ("source_partition", "source_offset")


def capability(number: int, at_ms: int, wallet: str, canonical: str) -> dict[str, Any]:
    changes = {"id": f"cap-{number}", "timestamp": at_ms, "data.0.local_address": wallet, "data.0.address": canonical}
    return samples.event("network_capabilities", changes)


def signal(number: int, at_ms: int, stream: str, wallet: str) -> dict[str, Any]:
    family = ("ai_stream_status", "stream_trace", "ai_stream_events")[number % 3]
    changes: dict[str, Any] = {"id": f"event-{number}", "timestamp": at_ms, "data.stream_id": stream}
    if family == "stream_trace":
        changes |= {"data.timestamp": at_ms, "data.type": "gateway_receive_stream_request"}
    if family != "ai_stream_events":
        changes["data.orchestrator_info.address"] = wallet
    return samples.event(family, changes)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, dict[str, Any]]]:
    """Return events in the order of their publication, each with its time; a few are published twice."""
    made: list[tuple[int, dict[str, Any]]] = []
    at_ms = START_MS
    for number in range(draw(st.integers(4, 24))):
        # Some snapshots are stamped a little later than a signal before them, which must not see them.
        at_ms += draw(st.sampled_from([0, 1, 400, 5_000, 90_000_000]))
        wallet = draw(st.sampled_from(WALLETS))
        if draw(st.booleans()):
            canonical = draw(st.sampled_from(["0xc1", "0xc2"]))
            made.append((at_ms, capability(number, at_ms - draw(st.sampled_from([0, 300, 60_000])), wallet, canonical)))
        else:
            made.append((at_ms, signal(number, at_ms, draw(st.sampled_from("pqr")), wallet)))
        if draw(st.integers(0, 9)) == 0:
            made.append((at_ms, made[-1][1]))
    return sorted(made, key=lambda item: (item[0], item[1]["type"] != "network_capabilities"))


def place(event: dict[str, Any]) -> int:
    """Return the partition of an event: that of its stream, as Kafka keeps the events of one key together."""
    data = event["data"]
    return 0 if isinstance(data, list) else 1 + "pqr".index(data["stream_id"])


def in_partitions(history: list[tuple[int, dict[str, Any]]]) -> list[list[Record]]:
    partitions: list[list[Record]] = [[] for _ in range(PARTITIONS)]
    for at_ms, event in history:
        records = partitions[place(event)]
        records.append(Record("events", place(event), len(records), at_ms, orjson.dumps(event)))
    return partitions


def local_rows(history: list[tuple[int, dict[str, Any]]], partitions: list[list[Record]]) -> dict[str, list[Any]]:
    """Return what the local runner writes when it reads all records in the order of their publication."""
    left = [list(records) for records in partitions]
    records = [left[place(event)].pop(0) for _, event in history]
    work = process_batch(new_processor(), Batch(Span("events", 0, 0, len(records) - 1, NOW_MS), records))
    rows = {table: [orjson.loads(line) for line in lines] for table, lines in work.rows.items()}
    return {**rows, DISPOSITIONS: [orjson.loads(line) for line in work.dispositions]}


def by_position(table: str, rows: list[Any]) -> list[Any]:
    columns = [COLUMNS[table].index(name) for name in POSITION]
    return sorted(rows, key=lambda row: ([row[column] for column in columns], orjson.dumps(row)))


def newest(table: str, rows: list[Any]) -> list[Any]:
    """Return the newest version of every stateful row, without the version."""
    columns = COLUMNS[table]
    version, session = columns.index("version"), columns.index("workflow_session_id")
    grain = {
        tables.SEGMENTS: ("segment_index",),
        tables.EDGE_COVERAGE: ("source_event_uid",),
        tables.PARAM_UPDATES: ("source_event_uid",),
    }.get(table, ())
    key = [session, *(columns.index(name) for name in grain)]
    latest: dict[Any, Any] = {}
    for row in rows:
        where = tuple(row[column] for column in key)
        if where not in latest or row[version] >= latest[where][version]:
            latest[where] = row
    return sorted(orjson.dumps([*row[:version], *row[version + 1 :]]) for row in latest.values())


def content(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {
        table: newest(table, found) if table in tables.STATEFUL_TABLES else by_position(table, found)
        for table, found in rows.items()
        if found
    }


@settings(max_examples=60, deadline=None)
@given(histories(), st.lists(st.integers(0, 3), max_size=60), st.sets(st.integers(0, 30)))
def test_partitions_and_restarts_change_nothing(
    history: list[tuple[int, dict[str, Any]]], choices: list[int], restarts: set[int]
) -> None:
    partitions = in_partitions(history)
    job = SimulatedJob(PARTITIONS)
    for number, record in enumerate(interleaved(partitions, choices)):
        if number in restarts:
            job.restart()
        job.receive(record)
    job.finish()
    assert content(job.rows) == content(local_rows(history, partitions))


def test_a_snapshot_that_arrives_early_is_not_seen_by_the_signals_before_it() -> None:
    wallet = WALLETS[0]
    history = [(START_MS, signal(0, START_MS, "p", wallet)), (START_MS + 500, capability(1, START_MS, wallet, "0xc1"))]
    partitions = in_partitions(history)
    job = SimulatedJob(PARTITIONS)
    for record in (*partitions[0], *partitions[1]):
        job.receive(record)
    job.finish()
    [sample] = job.rows[tables.STATUS_SAMPLES]
    attributed = COLUMNS[tables.STATUS_SAMPLES].index("is_attributed")
    assert sample[attributed] == 0
    assert content(job.rows) == content(local_rows(history, partitions))


def test_every_record_has_one_disposition_in_the_message_of_its_last_rows() -> None:
    history = [(START_MS + number, signal(number, START_MS + number, "p", WALLETS[0])) for number in range(6)]
    job = SimulatedJob(PARTITIONS)
    for record in in_partitions(history)[1]:
        job.receive(record)
    job.finish()
    for number in range(6):
        messages = [message for message in job.messages if message["source_offset"] == number]
        assert [DISPOSITIONS in message["tables"] for message in messages] == [False, True]


def test_a_silver_row_that_is_too_long_is_rejected_like_locally() -> None:
    wallet, limit = WALLETS[0], 3_000
    history = [
        (START_MS, capability(0, START_MS, wallet, "0x" + "c" * 850)),
        (START_MS + 1, samples.event("ai_stream_status", {"timestamp": START_MS + 1, "data.stream_id": "p" * 1_000})),
        (START_MS + 2, signal(3, START_MS + 2, "p", wallet)),
    ]
    history[1][1]["data"]["orchestrator_info"]["address"] = wallet
    records = [Record("events", 0, offset, at_ms, orjson.dumps(event)) for offset, (at_ms, event) in enumerate(history)]
    job = SimulatedJob(1, max_row_bytes=limit)
    for record in records:
        job.receive(record)
    job.finish()
    work = process_batch(new_processor(limit), Batch(Span("events", 0, 0, 2, NOW_MS), records))
    rows = {table: [orjson.loads(line) for line in lines] for table, lines in work.rows.items()}
    assert content(job.rows) == content({**rows, DISPOSITIONS: [orjson.loads(line) for line in work.dispositions]})
    assert job.rejects == work.rejects
    assert [orjson.loads(body)["failure"]["reason"] for _, body in job.rejects] == ["record_too_large"]
