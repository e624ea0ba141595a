"""What a failed run with a job on Flink keeps of it."""

from __future__ import annotations

import json

from streamproof.stages.flink.job import run_job, submit
from streamproof.stages.publishing.diagnostics import collect_diagnostics


def kept(ctx):
    return json.loads((ctx.folder.diagnostics / "flink.json").read_text())


def test_the_jobs_report_its_checkpoints_and_its_failures_are_kept(cluster, flink_run, monkeypatch):
    report = "streamproof.flink.job_report.job_report"
    monkeypatch.setattr(report, lambda _client, job_id: {"job_id": job_id, "restarts": 1})
    ctx = flink_run(stack="compose")
    submitted = submit(ctx, run_job(ctx))
    cluster.causes = ["ValueError: 42"]

    collect_diagnostics(ctx)
    found = kept(ctx)
    assert (found["job_id"], found["restarts"]) == (submitted.job_id, 1)
    assert [checkpoint["size"] for checkpoint in found["checkpoint_history"]] == [288]
    assert [failure["stacktrace"] for failure in found["failures"]] == ["ValueError: 42"]


def test_a_run_that_submitted_nothing_says_so(cluster, flink_run):
    ctx = flink_run(stack="compose")
    collect_diagnostics(ctx)
    assert kept(ctx) == {"not_collected": "The run has no job on Flink."}


def test_a_run_with_another_processor_has_none(planned):
    ctx = planned()
    collect_diagnostics(ctx)
    assert not (ctx.folder.diagnostics / "flink.json").exists()
