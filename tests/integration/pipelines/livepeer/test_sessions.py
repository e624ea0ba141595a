"""Sessions through the running processor: batches, restarts and repeated delivery do not show in what readers see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.livepeer.lifecycle import tables
from streamproof.fixtures.ordering import plan_replay
from streamproof.model.fixture import FixtureEvent, ReplayRules
from streamproof.model.settings import KafkaSettings
from streamproof.model.stack import StackState
from streamproof.transport.kafka.producer import publish

from .conftest import NUMBERS, TIMEOUT, Pipeline
from .proxy import proxy
from .test_local import assert_conserved

pytestmark = pytest.mark.engine

VIEWS = {
    tables.SESSIONS: "v_latest_sessions",
    tables.SEGMENTS: "v_latest_segments",
    tables.PARAM_UPDATES: "v_latest_param_updates",
    tables.EDGE_COVERAGE: "v_latest_edge_coverage",
    tables.LATENCY: "v_latest_latency_samples",
}
# Where a row lay and how often it was revised may differ between two ways to the same content.
LEFT_OUT = {"source_topic", "source_offset", "version"}

Replay = list[tuple[FixtureEvent, bytes | None]]
Content = dict[str, list[dict[str, Any]]]


def content(pipeline: Pipeline) -> Content:
    found = {}
    for table, columns in tables.COLUMNS.items():
        kept = ", ".join(name for name in columns if name not in LEFT_OUT)
        found[table] = pipeline.query(f"SELECT {kept} FROM {VIEWS.get(table, table)} ORDER BY ALL")
    return found


def send(pipeline: Pipeline, replay: Replay) -> None:
    published = publish(KafkaSettings(pipeline.stack.bootstrap_servers), pipeline.topic, replay, run_id="r")
    assert published.acknowledged == len(replay)


def run(pipeline: Pipeline, replay: Replay, *, records: int | None = None) -> Content:
    """Process everything and return the content; a processor that is killed on the way is started again."""
    process = pipeline.start()
    wanted = records or len(replay)
    pipeline.wait_for(
        lambda: process.poll() is not None or pipeline.committed() == wanted, f"{wanted} records committed"
    )
    if process.poll() is not None:
        assert process.returncode == -9, pipeline.log.read_text()
        return run(pipeline, replay, records=records)
    assert pipeline.stop(process) == 0
    assert_conserved(pipeline, wanted)
    return content(pipeline)


@pytest.fixture(scope="module")
def replay(home: Path) -> Replay:
    """The golden set in the order in which a run publishes it."""
    rules = ReplayRules(
        first_types=("network_capabilities",),
        key_field="stream_id",
        event_table="streaming_events",
        id_field="workflow_session_id",
    )
    return list(plan_replay(home / "include/fixtures/livepeer/golden/manifest.json", rules).records())


@pytest.fixture(scope="module")
def golden(
    stack: StackState, home: Path, tmp_path_factory: pytest.TempPathFactory, replay: Replay
) -> Iterator[Content]:
    """What the golden set becomes in one undisturbed run with the largest batches."""
    made = Pipeline(stack, home, tmp_path_factory.mktemp("golden"), f"golden_{next(NUMBERS)}")
    made.create()
    made.apply_schema()
    send(made, replay)
    found = run(made, replay)
    assert all(found.values()), {table: len(rows) for table, rows in found.items()}
    yield found


@pytest.mark.parametrize("size", ["1", "13"])
def test_the_size_of_batches_does_not_show(pipeline: Pipeline, replay: Replay, golden: Content, size: str) -> None:
    pipeline.changes["CLICKHOUSE_SINK_MAX_BUFFERED"] = size
    part = replay if size != "1" else replay[:60]
    send(pipeline, part)

    found = run(pipeline, part)

    if part is replay:
        assert found == golden
    else:
        # A beginning only: what is final when written is there already.
        for table in tables.SILVER_TABLES:
            assert [row for row in found[table] if row not in golden[table]] == []


def killer(pipeline: Pipeline, table: str, *, at: set[int]) -> Callable[[str], bool]:
    """Kill the newest processor before its insert into a table is passed on, when that is one of these numbers."""
    seen = 0

    def look(statement: str) -> bool:
        nonlocal seen
        if not statement.startswith(f"INSERT INTO {table} "):
            return True
        seen += 1
        if seen not in at:
            return True
        pipeline.processes[-1].kill()
        return False

    return look


@pytest.mark.parametrize("table", ["record_dispositions", tables.SESSIONS, tables.STATUS_SAMPLES])
def test_a_restart_in_the_middle_does_not_show(
    pipeline: Pipeline, replay: Replay, golden: Content, table: str, tmp_path: Path
) -> None:
    pipeline.changes |= {"CLICKHOUSE_SINK_MAX_BUFFERED": "40", "PROCESSOR_STATE_DIR": str(tmp_path / "state")}
    send(pipeline, replay)

    with proxy(pipeline.stack.clickhouse.url, killer(pipeline, table, at={3, 4, 7})) as url:
        pipeline.changes["CLICKHOUSE_URL"] = url
        found = run(pipeline, replay)

    assert len(pipeline.processes) == 4
    assert found == golden
    assert "no saved state fits" not in pipeline.log.read_text()


def test_the_whole_set_delivered_twice_does_not_show(
    pipeline: Pipeline, replay: Replay, golden: Content, tmp_path: Path
) -> None:
    pipeline.changes["PROCESSOR_STATE_DIR"] = str(tmp_path / "state")
    send(pipeline, replay)
    assert run(pipeline, replay) == golden
    send(pipeline, replay)

    assert run(pipeline, replay, records=2 * len(replay)) == golden

    [row] = pipeline.query("SELECT count() AS duplicates FROM record_dispositions WHERE disposition = 'quarantine'")
    assert row == {"duplicates": len(replay)}


def test_a_state_folder_in_use_is_one_clear_message(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.changes["PROCESSOR_STATE_DIR"] = str(tmp_path / "state")
    first = pipeline.start()
    pipeline.wait_for(lambda: pipeline.status()["state"] == "running", "the first processor running")

    assert pipeline.start().wait(TIMEOUT) == 1

    [error] = [line for line in pipeline.log.read_text().splitlines() if " ERROR " in line]
    assert "in use by another processor" in error
    assert pipeline.stop(first) == 0
