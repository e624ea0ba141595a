"""What a run says of a job that fails again and again, or is not ready in time."""

from __future__ import annotations

import pytest

from streamproof.flink.rest import UnreachableError
from streamproof.model.errors import FlinkError
from streamproof.stages.flink import failures as module
from streamproof.stages.flink.failures import MOST_FAILURES, FailureWatch, job_hint
from streamproof.stages.flink.job import run_job, submit


@pytest.fixture
def submitted(cluster, flink_run):
    ctx = flink_run()
    submit(ctx, run_job(ctx))
    return ctx


def test_a_job_that_fails_again_and_again_is_given_up_with_its_root_cause(cluster, submitted, monkeypatch):
    monkeypatch.setattr(module, "PAUSE_SEC", 0.0)
    watch = FailureWatch(submitted)
    cluster.causes = ["ValueError: 42"] * MOST_FAILURES
    watch.look()
    cluster.causes.append("ValueError: 42")
    with pytest.raises(
        FlinkError, match=r"The job clicks on Flink fails again and again \(4 times\): ValueError: 42\."
    ):
        watch.look()


def test_the_cluster_is_not_asked_at_every_look(cluster, submitted):
    watch = FailureWatch(submitted)
    watch.look()
    cluster.causes = ["ValueError: 42"] * 9
    watch.look()


def test_a_run_without_a_job_asks_no_cluster(planned):
    FailureWatch(planned()).look()
    assert job_hint(planned(run_id="r2")) == ""


def test_a_wait_in_vain_tells_the_jobs_state_and_the_cause_of_its_last_failure(cluster, submitted):
    [job_id] = cluster.states
    cluster.states[job_id] = "RESTARTING"
    cluster.causes = ["NoResourceAvailableException: no slots"]
    assert job_hint(submitted) == (
        "The job clicks on Flink is RESTARTING. Not running: job 'clicks' is RESTARTING, and these tasks do not run: "
        "in (1 RESTARTING; parallelism 1). The cause of its last failure: NoResourceAvailableException: no slots."
    )


def test_a_cluster_that_is_gone_is_the_hint(cluster, submitted, monkeypatch):
    def gone(*_: object) -> None:
        raise UnreachableError("Flink cannot be reached.", hint="Is it up?")

    monkeypatch.setattr(type(cluster), "job", gone)
    assert job_hint(submitted) == "Flink cannot be reached."
