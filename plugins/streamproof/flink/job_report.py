"""What a report says about a job: its state, restarts, checkpoints, back pressure and lag, as plain JSON data."""

from __future__ import annotations

import re
from typing import Any

from streamproof.flink.client import FlinkClient
from streamproof.flink.documents import Checkpoint, Job

_PENDING = re.compile(r"\.pendingRecords$")


def job_report(client: FlinkClient, job_id: str) -> dict[str, Any]:
    """Return the state of a job: sizes in bytes, durations in ms. Raises FlinkError when there is no such job.

    `lag` is the number of records that its sources have still to read, None for sources that do not tell it.
    """
    job = client.job(job_id)
    checkpoints = client.checkpoints(job_id)
    return {
        "job_id": job.id,
        "name": job.name,
        "state": job.state,
        "missing": "" if job.ended else job.missing,
        "parallelism": job.slots,
        "restarts": client.restarts(job_id),
        "root_cause": client.root_cause(job_id),
        "lag": None if job.ended else lag_of(client, job),
        "checkpoints": {
            "completed": checkpoints.counts.completed,
            "failed": checkpoints.counts.failed,
            "in_progress": checkpoints.counts.in_progress,
            "restored": checkpoints.counts.restored,
            "last": _checkpoint(checkpoints.latest.completed),
            "last_failure": (checkpoints.latest.failed.reason or "") if checkpoints.latest.failed else "",
            "restored_from": (checkpoints.latest.restored.path or "") if checkpoints.latest.restored else "",
        },
        "back_pressure": [] if job.ended else [pressure.model_dump() for pressure in client.pressure(job_id)],
    }


def lag_of(client: FlinkClient, job: Job) -> int | None:
    """Return how many records the sources of a job have still to read, None where no source tells it."""
    found = [
        float(value)
        for vertex in job.vertices
        for value in client.subtask_metrics(job.id, vertex.id, _PENDING).values()
    ]
    return int(sum(found)) if found else None


def _checkpoint(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    return checkpoint.model_dump(exclude={"triggered"}) if checkpoint else None
