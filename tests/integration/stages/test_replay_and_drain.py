"""The first half of a run on real services: ready, replay, drain, and the ledger against what the services hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streamproof.model.errors import WaitTimeoutError
from streamproof.model.fixture import Expectation
from streamproof.model.waiting import wait_until
from streamproof.runs.context import RunContext
from streamproof.runs.execute import execute as execute_stage
from streamproof.runs.planning import plan_run
from streamproof.runs.request import HostSettings, RunRequest
from streamproof.runtime.stack import own_identity, stop_stack
from streamproof.stages import pipeline_ready, pipeline_wait, replay_events, schema_apply, stack_up
from streamproof.stages.judging import query_pack
from streamproof.stages.registry import STAGES

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module", params=["broker", "mock"])
def drained(request, tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, home: Path) -> Iterator[RunContext]:
    """A run over the hostile set, up to and including the drain."""
    ctx = plan_run(
        RunRequest(manifest="hostile", kafka=request.param, artifacts_root=tmp_path_factory.mktemp("runs")),
        STAGES,
        home=home,
        host=HostSettings(cache_dir=cache_dir, owner=own_identity()),
        now=datetime.now(UTC),
    )
    try:
        for stage in (stack_up, schema_apply, pipeline_ready, replay_events, pipeline_wait):
            result = execute_stage(ctx, stage.__name__.rpartition(".")[2], stage.run)
            assert result.error is None, f"{result.stage}: {result.error} ({result.hint})"
        yield ctx
    finally:
        stop_stack(ctx.folder.stack, timeout=20)


def test_everything_published_is_accounted_for(drained):
    replay, drain = drained.stage_details("replay_events"), drained.stage_details("pipeline_wait")
    published = replay["published"]
    assert replay["acknowledged"] == published == drained.plan.fixture_events
    assert replay["end_offsets"] == {"0": published}
    dispositions = drain["dispositions"]
    assert sum(dispositions.values()) == published
    assert {name: sum(families.values()) for name, families in replay["expected"].items()} == {
        name: dispositions[name] for name in ("dlq", "quarantine", "ignored")
    }
    # A null and an empty value leave no raw row.
    assert drain["raw_rows"] == published - 2


def test_the_ledger_and_the_raw_table_agree_byte_for_byte(drained):
    sql = """
        SELECT count() AS same FROM replay_ledger AS l
        INNER JOIN streaming_events AS s USING (source_topic, source_partition, source_offset)
        WHERE l.value_sha256 = lower(hex(SHA256(s.payload))) AND l.record_timestamp = s.source_record_timestamp
            AND s.headers['sp-sequence'] = toString(l.sequence) AND s.headers['sp-run-id'] = {run_id:String}
            AND s.id = l.event_id AND s.type = l.event_type
    """
    with drained.warehouse() as warehouse:
        assert warehouse.query(sql, {"run_id": drained.plan.run_id}).named() == [
            {"same": drained.stage_details("pipeline_wait")["raw_rows"]}
        ]


def test_every_record_became_what_its_line_states(drained):
    sql = """
        SELECT expected_disposition, expected_class, expected_reason, disposition, failure_class, reason
        FROM replay_ledger AS l
        INNER JOIN record_dispositions AS d USING (source_topic, source_partition, source_offset)
        ORDER BY sequence
    """
    with drained.warehouse() as warehouse:
        found = warehouse.query(sql).named()
    assert len(found) == drained.plan.fixture_events
    for row in found:
        stated = Expectation(row["expected_disposition"] or "accepted", row["expected_class"], row["expected_reason"])
        assert Expectation(row["disposition"], row["failure_class"], row["reason"]) == stated


def test_an_incomplete_drain_says_what_is_missing(drained):
    with drained.warehouse() as warehouse:
        warehouse.execute("CREATE TABLE kept AS record_dispositions")
        warehouse.execute("INSERT INTO kept SELECT * FROM record_dispositions WHERE source_offset = 3")
        warehouse.execute("ALTER TABLE record_dispositions DELETE WHERE source_offset = 3")
    try:
        total = drained.plan.fixture_events
        with pipeline_wait.drain_probe(drained) as look, pytest.raises(WaitTimeoutError) as caught:
            wait_until(look, timeout=0.01, message="the pipeline to drain", hint="look")
        assert f"dispositions {total - 1} of {total}" in caught.value.message
    finally:
        with drained.warehouse() as warehouse:
            warehouse.execute("INSERT INTO record_dispositions SELECT * FROM kept")
            warehouse.execute("DROP TABLE kept")


def sessions_cached(ctx: RunContext) -> int:
    """How many rows a check counts in a view that the run has cached."""
    with ctx.warehouse(cached=True) as warehouse:
        return int(warehouse.query("SELECT count() FROM v_latest_sessions").rows[0][0])


def test_query_pack_again_reads_the_shared_views_again(drained):
    assert execute_stage(drained, "query_pack", query_pack.run).error is None
    before = sessions_cached(drained)
    with drained.warehouse() as warehouse:
        assert warehouse.query("SELECT count() FROM v_latest_sessions").rows == [(before,)]
        warehouse.execute(
            "INSERT INTO fact_workflow_sessions SELECT * REPLACE ('again' AS workflow_session_id) "
            "FROM v_latest_sessions ORDER BY workflow_session_id LIMIT 1",
        )
        try:
            assert sessions_cached(drained) == before
            assert execute_stage(drained, "query_pack", query_pack.run).error is None
            assert sessions_cached(drained) == before + 1
        finally:
            warehouse.execute("DELETE FROM fact_workflow_sessions WHERE workflow_session_id = 'again'")
