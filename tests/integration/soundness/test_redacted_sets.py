"""A redacted set is judged as its original is: the same dispositions, facts and scenarios, and no check fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamproof.curation.redacting import redact_set
from streamproof.model.results import Status, Verdict
from streamproof.packs.loading import load_pack
from tests.support.pipeline_in_engine import EngineRun, PipelineInEngine

pytestmark = pytest.mark.engine

SESSIONS = """
SELECT session_start_ts, session_end_ts, startup_success, startup_excused, startup_unexcused, confirmed_swap_count,
       inferred_orchestrator_change_count, error_count, pipeline, model_id, gpu_attribution_method
FROM v_latest_sessions ORDER BY session_start_ts, session_end_ts
"""
DISPOSITIONS = """
SELECT event_type, disposition, failure_class, reason, count() AS n FROM record_dispositions GROUP BY ALL ORDER BY ALL
"""


def content(run: EngineRun) -> list[list[dict[str, Any]]]:
    """What no redaction may change: what became of each kind of record, and the facts of each session."""
    return [run.query(SESSIONS), run.query(DISPOSITIONS)]


@pytest.mark.parametrize("name", ["golden", "hostile"])
def test_a_redacted_set_is_judged_as_its_original(
    pipeline: PipelineInEngine, home: Path, tmp_path: Path, name: str
) -> None:
    pack = load_pack(home, "livepeer")
    redact_set(pack, pack.manifest(name), tmp_path / "set", b"a key of the tests, long enough!")
    original = content(pipeline.load(pack.manifest(name)))
    run = pipeline.load(tmp_path / "set/manifest.json")
    assert all(original)
    assert content(run) == original
    outcome = pipeline.judge(run, contracts=False)
    assert outcome.verdict is Verdict.PASSED, outcome.explain()
    identity = [check for check in outcome.checks if "scenario" in check]
    assert identity
    assert not set(identity) & set(outcome.named(Status.SKIPPED))
