"""The job of a run is judged after the drain, too."""

from __future__ import annotations

import pytest

from streamproof.model.errors import FlinkError
from streamproof.stages.flink.job import run_job, submit
from streamproof.stages.judging import conservation


@pytest.mark.parametrize("state", ["FAILED", "FINISHED", "CANCELED"])
def test_a_job_that_has_ended_since_the_drain_cannot_be_judged(cluster, flink_run, state):
    ctx = flink_run()
    cluster.states[submit(ctx, run_job(ctx)).job_id] = state
    cluster.causes = ["ValueError: 42"]
    with pytest.raises(FlinkError, match=f"clicks on Flink is {state}.*ValueError: 42"):
        conservation.run(ctx)
