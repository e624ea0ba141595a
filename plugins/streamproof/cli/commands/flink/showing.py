"""`streamproof flink status|savepoints`: what is known of a deployment and its cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from streamproof.cli.commands.flink.shared import Name, Rest, opened_deployment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json, result_console

if TYPE_CHECKING:
    from streamproof.flink.client import FlinkClient

UNKNOWN = "UNKNOWN"


def status(name: Name = "default", rest: Rest = None, json: Json = False) -> None:
    """Show the cluster, the deployment's job with checkpoints, back pressure and lag, and all jobs."""
    with opened_deployment(rest, name, reads_only=True) as deployment:
        client, record = deployment.work.client, deployment.work.record
        found: dict[str, Any] = {
            "cluster": {"url": client.url, **client.overview().model_dump()},
            "deployment": _without_secrets(asdict(record)),
            "job": _job(client, record.current.job_id) if record.current else None,
            "jobs": [job.model_dump() for job in client.jobs()],
        }
    if json:
        emit_json(found)
        return
    for line in _status_lines(found):
        result_console(json=json).print(line, markup=False)


def savepoints(name: Name = "default", rest: Rest = None, json: Json = False) -> None:
    """List the savepoints that were taken of the deployment's jobs, the newest first."""
    with opened_deployment(rest, name, reads_only=True) as deployment:
        taken = [asdict(savepoint) for savepoint in reversed(deployment.work.record.savepoints)]
    if json:
        emit_json({"name": name, "savepoints": taken})
        return
    for savepoint in taken:
        line = f"{savepoint['at']}  {savepoint['path']}  job {savepoint['job_id']}  {savepoint['build']}"
        result_console(json=json).print(line, markup=False)


def _job(client: FlinkClient, job_id: str) -> dict[str, Any]:
    """Return the report of a job. A job manager that was started anew may not know it."""
    from streamproof.flink.job_report import job_report

    return job_report(client, job_id) if client.state(job_id) else {"job_id": job_id, "state": UNKNOWN}


def _without_secrets(value: Any) -> Any:
    """Return a record to be shown: arguments and options may hold passwords."""
    from streamproof.flink.secrets import HIDDEN, hidden, secret_values

    if isinstance(value, list):
        return [_without_secrets(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    shown = {key: _without_secrets(entry) for key, entry in value.items()}
    if "arguments" in shown:
        shown["arguments"] = hidden(value["arguments"])
        secrets = secret_values((), value["configuration"])
        shown["configuration"] = {k: HIDDEN if v in secrets else v for k, v in value["configuration"].items()}
    return shown


def _status_lines(found: dict[str, Any]) -> Iterator[str]:
    cluster, job = found["cluster"], found["job"]
    yield f"{cluster['url']}: Flink {cluster['version']}, {cluster['free_slots']} of {cluster['slots']} slots are free"
    if operation := found["deployment"]["operation"]:
        yield f"Not finished: {operation['kind']}, at step {operation['step']}"
    if job is None:
        yield f"Deployment {found['deployment']['name']} has no job."
    elif job["state"] == UNKNOWN:
        yield f"The cluster does not know job {job['job_id']} of deployment {found['deployment']['name']}."
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
