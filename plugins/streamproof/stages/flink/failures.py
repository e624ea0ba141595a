"""What a run says of a job on Flink that fails again and again, or is not ready in time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from streamproof.model.errors import FlinkError, StreamproofError
from streamproof.runs.context import RunContext
from streamproof.stages.flink.job import flink_client, run_job, submitted_job

# A job that fails more often does not recover. The check of restarts fails at the first one.
MOST_FAILURES = 3
# Each look asks the cluster once more; a drain looks many times a second.
PAUSE_SEC = 1.0


@dataclass(slots=True)
class FailureWatch:
    """Looks at the failures of the run's job, at most once in `PAUSE_SEC` seconds."""

    ctx: RunContext
    looked_at: float = 0.0

    def look(self) -> None:
        """Raise FlinkError with the root cause when the job fails again and again. Do nothing without a job."""
        if run_job(self.ctx) is None or time.monotonic() - self.looked_at < PAUSE_SEC:
            return
        self.looked_at = time.monotonic()
        job_id = submitted_job(self.ctx).job_id
        with flink_client(self.ctx) as client:
            failures = len(client.failures(job_id))
            if failures > MOST_FAILURES:
                raise FlinkError(
                    f"The job {client.job(job_id).name} on Flink fails again and again ({failures} times): "
                    f"{client.root_cause(job_id)}.",
                    hint=f"Its log is that of the task managers; see also {client.url}/#/job/running/{job_id}.",
                )


def job_hint(ctx: RunContext) -> str:
    """Return what the cluster says of the run's job when a wait for it was in vain, '' without a job."""
    if run_job(ctx) is None:
        return ""
    try:
        job_id = submitted_job(ctx).job_id
        with flink_client(ctx) as client:
            job, cause = client.job(job_id), client.root_cause(job_id)
            missing = "" if job.ended else job.missing
    except StreamproofError as problem:
        return problem.message
    found = [f"The job {job.name} on Flink is {job.state}."]
    found += [f"Not running: {missing}."] if missing else []
    found += [f"The cause of its last failure: {cause}."] if cause else []
    return " ".join(found)
