"""The run without a broker judges as a run does: what is sound passes, what is broken fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamproof.model.results import Status, Verdict
from streamproof.warehouse.clickhouse.client import execute
from tests.support.pipeline_in_engine import PipelineInEngine

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("name", ["golden", "hostile"])
def test_a_shipped_set_passes(pipeline: PipelineInEngine, home: Path, name: str) -> None:
    run = pipeline.load(home / f"include/fixtures/livepeer/{name}/manifest.json")
    outcome = pipeline.judge(run)
    assert outcome.verdict is Verdict.PASSED, outcome.explain()
    # Nothing was left out for want of rows: every part of a run's database is there.
    assert run.query("SELECT count() AS n FROM streaming_events")[0]["n"] > 100
    if name == "golden":
        assert outcome.named(Status.SKIPPED) == []


def test_what_is_broken_after_the_load_fails(pipeline: PipelineInEngine, home: Path) -> None:
    run = pipeline.load(home / "include/fixtures/livepeer/golden/manifest.json")
    execute(run.client, "DELETE FROM payment_events WHERE 1")
    outcome = pipeline.judge(run, contracts=False)
    assert outcome.verdict is Verdict.FAILED
    assert "raw_typed_auxiliary_parity" in outcome.named(Status.FAILED)


def test_a_database_is_emptied_for_the_next_set(pipeline: PipelineInEngine, home: Path) -> None:
    manifest = home / "include/fixtures/livepeer/golden/manifest.json"
    first, second = pipeline.load(manifest), pipeline.load(manifest)
    assert first.query("SELECT count() AS n FROM replay_ledger") == [{"n": len(second.plan.events)}]
