"""Identical content: neither order, nor restarts, nor a second delivery, nor merges show in any table or view.

Compared are row-level checksums of include/sql/livepeer/content, without layer raw.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.livepeer.batches import Batch, Request, Span, process_batch, requests
from pipelines.livepeer.config import from_environment
from pipelines.livepeer.event import Record
from pipelines.livepeer.local import build_processor
from pipelines.livepeer.sink import ClickHouseSink
from pipelines.livepeer.tables import DISPOSITIONS
from streamproof.fixtures.ordering import plan_replay
from streamproof.model.fixture import ReplayRules
from streamproof.model.stack import StackState
from streamproof.packs.loading import load_pack
from streamproof.sql.blocks import Block
from streamproof.sql.projections import read_projections
from streamproof.warehouse.clickhouse.client import connect, execute
from streamproof.warehouse.clickhouse.content.databases import Digest, differences, digests

from . import events
from .conftest import NUMBERS, Pipeline
from .proxy import proxy
from .test_sessions import VIEWS, Replay, killer, run, send

pytestmark = pytest.mark.engine

CAPABILITIES = "network_capabilities"
RULES = ReplayRules(
    first_types=(CAPABILITIES,), key_field="stream_id", event_table="streaming_events", id_field="workflow_session_id"
)
# States that only merging makes readable, and a lag behind the clock.
NO_CONTENT = {"v_demand_parts_1h", "v_health_rollup_freshness"}
ALL_VIEWS = """
SELECT name FROM system.tables
WHERE database = currentDatabase() AND match(name, '^(v|agg|dim)_') AND engine = 'View'
"""
TABLES = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"

Content = dict[str, Digest]


@pytest.fixture(scope="module")
def projections(home: Path) -> tuple[Block, ...]:
    """Those of every layer but the first: what is delivered twice is there twice, and leaves a row in quarantine."""
    found = read_projections(home / "include/sql/livepeer/content", load_pack(home, "livepeer").layers, home=home)
    return tuple(projection.block for projection in found if projection.layer != "raw")


def records(home: Path, fixture_set: str) -> Replay:
    """A fixture set in the order in which a run publishes it."""
    return list(plan_replay(home / f"include/fixtures/livepeer/{fixture_set}/manifest.json", RULES).records())


@contextmanager
def client(pipeline: Pipeline) -> Iterator[Any]:
    found = connect(pipeline.stack.clickhouse.using(pipeline.name))
    try:
        yield found
    finally:
        found.close()


def content(pipeline: Pipeline, projections: tuple[Block, ...]) -> Content:
    with client(pipeline) as opened:
        return digests(opened, projections)


def assert_same(pipeline: Pipeline, wanted: Pipeline, projections: tuple[Block, ...]) -> None:
    """Compare two databases; what differs is shown."""
    with client(pipeline) as one, client(wanted) as other:
        found = differences(one, other, projections, limit=3)
    assert not found, "\n".join(f"{name}\n  {it.only_first}\n  {it.only_second}" for name, it in found.items())


def shuffled(replay: Replay, seed: int) -> Replay:
    """Return a permutation with the capabilities first. Copies of one id stay in order: the first is the one kept.

    A replay publishes in the order of event times, so that is the copy of the first event time. Events without an id
    may be copies of one another too.
    """
    rng = random.Random(seed)
    first = [item for item in replay if item[0].event_type == CAPABILITIES]
    others = [item for item in replay if item[0].event_type != CAPABILITIES]
    rng.shuffle(first)
    rng.shuffle(others)
    order = {id(item): place for place, item in enumerate(replay)}
    for part in (first, others):
        places: dict[str, list[int]] = {}
        for place, (event, _) in enumerate(part):
            places.setdefault(event.event_id, []).append(place)
        for same in places.values():
            copies = sorted((part[place] for place in same), key=lambda item: order[id(item)])
            for place, item in zip(same, copies, strict=True):
                part[place] = item
    return [*first, *others]


# No part is small enough to be merged in the background: how many versions are there depends on the test alone.
MERGE_SIZES = ("max_bytes_to_merge_at_max_space_in_pool", "max_bytes_to_merge_at_min_space_in_pool")


def each_table(made: Pipeline, change: str) -> None:
    """Alter every table that holds rows."""
    with client(made) as opened:
        for table in made.query(TABLES):
            execute(opened, f"ALTER TABLE {table['name']} {change}")


@contextmanager
def processed(
    stack: StackState, home: Path, folder: Path, replay: Replay, *, batch: int = 10_000, merges: bool = True
) -> Iterator[Pipeline]:
    """A database that holds what the processor makes of a replay; without `merges`, in parts as they were written."""
    made = Pipeline(stack, home, folder, f"content_{next(NUMBERS)}")
    made.create()
    made.apply_schema()
    if not merges:
        each_table(made, f"MODIFY SETTING {', '.join(f'{name} = 1' for name in MERGE_SIZES)}")
    made.changes["CLICKHOUSE_SINK_MAX_BUFFERED"] = str(batch)
    send(made, replay)
    run(made, replay)
    yield made


@pytest.fixture(scope="module")
def golden(stack: StackState, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The golden set, processed undisturbed and in the order of a run."""
    with processed(stack, home, tmp_path_factory.mktemp("golden"), records(home, "golden")) as made:
        yield made


@pytest.fixture(scope="module")
def hostile(stack: StackState, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The hostile set, processed with its capabilities first."""
    replay = sorted(records(home, "hostile"), key=lambda item: item[0].event_type != CAPABILITIES)
    with processed(stack, home, tmp_path_factory.mktemp("hostile"), replay) as made:
        yield made


def test_the_projections_cover_the_warehouse(golden: Pipeline, home: Path, projections: tuple[Block, ...]) -> None:
    found = content(golden, projections)

    assert [name for name, digest in found.items() if not digest.rows] == []
    layers = load_pack(home, "livepeer").layers
    tables = {table for layer in ("typed", "dimensions", "silver", "sessions") for table in layers[layer]}
    views = {row["name"] for row in golden.query(ALL_VIEWS)}
    assert {VIEWS.get(table, table) for table in tables} | (views - NO_CONTENT) <= found.keys()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_arrival_does_not_show(
    stack: StackState, home: Path, tmp_path: Path, golden: Pipeline, projections: tuple[Block, ...], seed: int
) -> None:
    replay = shuffled(records(home, "golden"), seed)
    with processed(stack, home, tmp_path, replay, batch=10 * seed) as made:
        assert_same(made, golden, projections)


@pytest.mark.parametrize("seed", [4, 5])
def test_the_order_of_hostile_events_does_not_show(
    stack: StackState, home: Path, tmp_path: Path, hostile: Pipeline, projections: tuple[Block, ...], seed: int
) -> None:
    replay = shuffled(records(home, "hostile"), seed)
    with processed(stack, home, tmp_path, replay, batch=7 * seed) as made:
        assert_same(made, hostile, projections)


def test_restarts_in_the_middle_do_not_show(
    pipeline: Pipeline, home: Path, tmp_path: Path, golden: Pipeline, projections: tuple[Block, ...]
) -> None:
    """It is asked to stop after a half, and killed three times in the other."""
    replay = records(home, "golden")
    pipeline.changes |= {"CLICKHOUSE_SINK_MAX_BUFFERED": "20", "PROCESSOR_STATE_DIR": str(tmp_path / "state")}
    half = len(replay) // 2
    send(pipeline, replay[:half])
    run(pipeline, replay[:half])
    send(pipeline, replay[half:])

    with proxy(pipeline.stack.clickhouse.url, killer(pipeline, "stream_trace_events", at={1, 3, 4})) as url:
        pipeline.changes["CLICKHOUSE_URL"] = url
        run(pipeline, replay)

    assert len(pipeline.processes) == 5
    assert_same(pipeline, golden, projections)


def test_the_whole_set_twice_does_not_show(
    pipeline: Pipeline, home: Path, tmp_path: Path, golden: Pipeline, projections: tuple[Block, ...]
) -> None:
    """The second delivery comes in another order, and to a processor that was started again."""
    replay = records(home, "golden")
    pipeline.changes["PROCESSOR_STATE_DIR"] = str(tmp_path / "state")
    send(pipeline, replay)
    run(pipeline, replay)
    send(pipeline, shuffled(replay, 6))

    run(pipeline, replay, records=2 * len(replay))

    assert_same(pipeline, golden, projections)


def test_of_an_id_delivered_twice_the_first_stays(pipeline: Pipeline, projections: tuple[Block, ...]) -> None:
    first = [events.capabilities(0), events.trace(1), events.status(2)]
    later = [{**event, "timestamp": str(int(event["timestamp"]) + 5000)} for event in first]
    pipeline.publish(*first)
    process = pipeline.start()
    pipeline.wait_until_processed(3)
    before = content(pipeline, projections)
    pipeline.publish(*later)
    pipeline.wait_until_processed(6)

    assert pipeline.stop(process) == 0
    assert content(pipeline, projections) == before
    [row] = pipeline.query("SELECT toString(event_timestamp) AS at FROM ai_stream_status")
    assert row["at"].endswith("10:13:20.002")


def test_merges_do_not_show(
    stack: StackState, home: Path, tmp_path: Path, golden: Pipeline, projections: tuple[Block, ...]
) -> None:
    """Many small parts, old versions in them, before; one part of each partition after."""
    with processed(stack, home, tmp_path, records(home, "golden"), batch=9, merges=False) as made:
        physical = "SELECT count() AS rows FROM fact_workflow_sessions"
        [before] = made.query(physical)
        with client(made) as opened:
            unmerged = digests(opened, projections)
            each_table(made, f"RESET SETTING {', '.join(MERGE_SIZES)}")
            for table in made.query(TABLES):
                execute(opened, f"OPTIMIZE TABLE {table['name']} FINAL")
            merged = digests(opened, projections)
        [after] = made.query(physical)

        assert after["rows"] < before["rows"]
        assert merged == unmerged
        assert_same(made, golden, projections)


def insert_requests(pipeline: Pipeline, replay: Replay, size: int) -> list[list[Request]]:
    """What the processor inserts for each batch of a replay."""
    processor, batches = build_processor(from_environment(pipeline.environment)), []
    for start in range(0, len(replay), size):
        part = replay[start : start + size]
        span = Span("in", 0, start, start + len(part) - 1, 1_790_000_000_000)
        found = [Record("in", 0, start + place, event.publish_ms, value) for place, (event, value) in enumerate(part)]
        work = process_batch(processor, Batch(span, found))
        tables = {**work.rows, DISPOSITIONS: work.dispositions}
        batches.append(
            [request for table, lines in tables.items() for request in requests(span, table, lines, 10_000, 10_000_000)]
        )
    return batches


def test_a_batch_inserted_again_does_not_show(
    pipeline: Pipeline, home: Path, golden: Pipeline, projections: tuple[Block, ...]
) -> None:
    """Each batch at once again, then all of them once more from the last to the first; merges come after."""
    batches = insert_requests(pipeline, records(home, "golden"), 45)
    sink = ClickHouseSink(from_environment(pipeline.environment).sink)
    for batch in batches:
        for request in [*batch, *reversed(batch)]:
            sink.insert(request)
    assert_same(pipeline, golden, projections)

    for batch in reversed(batches):
        for request in batch:
            sink.insert(request)
    assert_same(pipeline, golden, projections)

    with client(pipeline) as opened:
        for table in pipeline.query(TABLES):
            execute(opened, f"OPTIMIZE TABLE {table['name']} FINAL")
    sink.close()
    assert_same(pipeline, golden, projections)


def test_a_difference_is_found_and_shown(
    pipeline: Pipeline, home: Path, golden: Pipeline, projections: tuple[Block, ...]
) -> None:
    """A comparison that could not fail would prove nothing."""
    sink = ClickHouseSink(from_environment(pipeline.environment).sink)
    for batch in insert_requests(pipeline, records(home, "golden"), 500):
        for request in batch:
            sink.insert(request)
    sink.close()
    assert_same(pipeline, golden, projections)
    changed = "ALTER TABLE fact_workflow_sessions UPDATE error_count = 7 WHERE workflow_session_id = {session:String}"
    [row] = pipeline.query("SELECT min(workflow_session_id) AS session FROM fact_workflow_sessions")

    with client(pipeline) as one, client(golden) as other:
        execute(one, changed, {"session": row["session"]})
        execute(one, "INSERT INTO payment_events SELECT * FROM payment_events LIMIT 1")
        found = differences(one, other, projections)

    assert set(found) == {"v_latest_sessions", "payment_events"} | (
        {"v_api_network_demand", "v_api_network_demand_by_gpu"} & set(found)
    )
    [mine], [theirs] = found["v_latest_sessions"].only_first, found["v_latest_sessions"].only_second
    assert (mine["workflow_session_id"], mine["error_count"]) == (row["session"], 7)
    assert {name for name in mine if mine[name] != theirs[name]} == {"error_count"}
    assert found["payment_events"].only_second == ()
