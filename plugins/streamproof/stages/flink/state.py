"""The state of the run's job on Flink: whether it is ready, and the facts that a run reports of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamproof.model.errors import FlinkError
from streamproof.model.results import CheckResult, Status
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.runs.context import RunContext
from streamproof.stages.flink.job import flink_client, run_job, submitted_job
from streamproof.transport.base import Consumers

# A run without Flink does not load its client.
if TYPE_CHECKING:
    from streamproof.flink.client import FlinkClient
    from streamproof.flink.documents import Checkpoint, Job

_CHECKPOINTS_LATER = 2
NEVER_RESTARTED = "flink_job_never_restarted"


def job_missing(ctx: RunContext, job: FlinkProcessor, groups: Consumers) -> list[str]:
    """Return what is missing before the job is ready: it runs, all its tasks too, and it reads every partition.

    The warehouse's consumers must also hold the topics that carry its rows. Raises FlinkError when the job has ended.
    """
    with flink_client(ctx) as client:
        job_id = submitted_job(ctx).job_id
        found = _running_job(client, job_id)
        missing = [found.missing] if found.missing else _unread(ctx, client, found, groups)
    for topic_role, group_role in job.row_topics.items():
        topic = ctx.names.topics[topic_role]
        if what := groups.state(ctx.names.groups[group_role], topic).missing(groups.partitions(topic)):
            missing.append(what)
    return missing


def _unread(ctx: RunContext, client: FlinkClient, job: Job, groups: Consumers) -> list[str]:
    """Return the partitions of the input topic that no reader of the job holds, in words."""
    topic = ctx.names.input_topic
    unread = sorted(groups.partitions(topic) - client.assigned_partitions(job.id, topic))
    return [f"a reader of partition {partition} of {topic} in job {job.name}" for partition in unread]


def rows_behind(ctx: RunContext, job: FlinkProcessor, groups: Consumers) -> list[str]:
    """Return the row topics that the warehouse has not read to their ends, with how far it is."""
    behind = []
    for topic_role, group_role in job.row_topics.items():
        topic = ctx.names.topics[topic_role]
        ends = groups.end_offsets(topic)
        committed = groups.committed(ctx.names.groups[group_role], topic, ends)
        for partition, end in ends.items():
            reached = committed.get(partition, 0)
            if reached < end:
                behind.append(f"{group_role} at partition {partition} committed {reached} of {end}")
    return behind


@dataclass(slots=True)
class CheckpointedReads:
    """Whether a job has processed what was published: it has read it, and a checkpoint was completed since.

    A checkpoint is complete when everything read before it has passed all operators and the sinks have written it. The
    committed offsets of the group say the same, but Flink commits them only when its consumer is next polled, up to ten
    seconds later. `since` is the newest checkpoint when everything was first seen as read.
    """

    since: int | None = None

    def behind(self, client: FlinkClient, job_id: str, topic: str, ends: Mapping[int, int]) -> list[str]:
        """Return what is missing until all records before the end offsets are processed. Raises FlinkError."""
        read = client.read_offsets(job_id, topic)
        unread = {partition: end for partition, end in ends.items() if end and read.get(partition, -1) + 1 < end}
        if unread:
            return [
                f"job read {read.get(place, -1) + 1} of partition {place} to {end}" for place, end in unread.items()
            ]
        newest = client.checkpoints(job_id).latest.completed
        number = newest.id if newest else 0
        if self.since is None:
            self.since = number
        # The next one may have been triggered before the last record was read.
        if number < self.since + _CHECKPOINTS_LATER:
            return [f"a checkpoint of what the job has read (the last one is {number})"]
        return []


def require_running(ctx: RunContext) -> None:
    """Raise FlinkError with the root cause when the run's job has ended."""
    if run_job(ctx) is None:
        return
    with flink_client(ctx) as client:
        _running_job(client, submitted_job(ctx).job_id)


def job_facts(ctx: RunContext, job: FlinkProcessor) -> dict[str, Any]:
    """Return what a run reports of its job: Flink's version, parallelism, checkpoints, restarts. Raises FlinkError."""
    job_id = submitted_job(ctx).job_id
    with flink_client(ctx) as client:
        found, checkpoints = client.job(job_id), client.checkpoints(job_id)
        return {
            "version": client.overview().version,
            "job_id": job_id,
            "job": found.name,
            "state": found.state,
            "parallelism": job.parallelism,
            "restarts": client.restarts(job_id),
            "checkpoints": {
                "completed": checkpoints.counts.completed,
                "failed": checkpoints.counts.failed,
                "last": _checkpoint(checkpoints.latest.completed),
            },
            "root_cause": client.root_cause(job_id),
        }


def restart_check(facts: dict[str, Any], suite: str) -> CheckResult:
    """Return the check that the job was never restarted: a pipeline that recovers by itself still failed."""
    restarts = int(facts["restarts"])
    return CheckResult(
        suite=suite,
        name=NEVER_RESTARTED,
        status=Status.FAILED if restarts else Status.PASSED,
        failed_rows=restarts,
        diagnostics={"restarts": restarts, "root_cause": facts["root_cause"]} if restarts else {},
    )


def _running_job(client: FlinkClient, job_id: str) -> Job:
    job = client.job(job_id)
    if job.ended:
        cause = client.root_cause(job_id)
        raise FlinkError(
            f"The job {job.name} on Flink is {job.state}{f': {cause}' if cause else ''}.",
            hint=f"Its log is that of the task managers; see also {client.url}/#/job/completed/{job_id}.",
        )
    return job


def _checkpoint(checkpoint: Checkpoint | None) -> dict[str, int] | None:
    """Return the size in bytes and the duration in milliseconds of a checkpoint."""
    return None if checkpoint is None else {"bytes": checkpoint.size, "duration_ms": checkpoint.duration}
