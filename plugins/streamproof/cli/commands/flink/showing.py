"""`streamproof flink status|savepoints`: what is known of a deployment and its cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from streamproof.cli.commands.flink.shared import Name, Rest, opened_deployment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json, result_console


def status(name: Name = "default", rest: Rest = None, json: Json = False) -> None:
    """Show the cluster, the deployment's job with checkpoints, back pressure and lag, and all jobs."""
    from streamproof.flink.job_report import job_report

    with opened_deployment(rest, name) as deployment:
        client, record = deployment.work.client, deployment.work.record
        found: dict[str, Any] = {
            "cluster": {"url": client.url, **client.overview().model_dump()},
            "deployment": asdict(record),
            "job": job_report(client, record.current.job_id) if record.current else None,
            "jobs": [job.model_dump() for job in client.jobs()],
        }
    if json:
        emit_json(found)
        return
    for line in _status_lines(found):
        result_console(json=json).print(line, markup=False)


def savepoints(name: Name = "default", rest: Rest = None, json: Json = False) -> None:
    """List the savepoints that were taken of the deployment's jobs, the newest first."""
    with opened_deployment(rest, name) as deployment:
        taken = [asdict(savepoint) for savepoint in reversed(deployment.work.record.savepoints)]
    if json:
        emit_json({"name": name, "savepoints": taken})
        return
    for savepoint in taken:
        line = f"{savepoint['at']}  {savepoint['path']}  job {savepoint['job_id']}  {savepoint['build']}"
        result_console(json=json).print(line, markup=False)


def _status_lines(found: dict[str, Any]) -> Iterator[str]:
    cluster, job = found["cluster"], found["job"]
    yield f"{cluster['url']}: Flink {cluster['version']}, {cluster['free_slots']} of {cluster['slots']} slots are free"
    if operation := found["deployment"]["operation"]:
        yield f"Not finished: {operation['kind']}, at step {operation['step']}"
    if job is None:
        yield f"Deployment {found['deployment']['name']} has no job."
    else:
        yield f"{job['name']} ({job['job_id']}): {job['state']}, {job['restarts']} restarts, lag {job['lag']}"
        checkpoints = job["checkpoints"]
        yield f"Checkpoints: {checkpoints['completed']} completed, {checkpoints['failed']} failed"
        yield from (
            f"{pressure['vertex']}: back pressure {pressure['level']} ({pressure['back_pressured']:.0%})"
            for pressure in job["back_pressure"]
        )
        yield from (f"{key}: {job[key]}" for key in ("missing", "root_cause") if job[key])
    yield from (f"{other['id']}  {other['state']}  {other['name']}" for other in found["jobs"])
