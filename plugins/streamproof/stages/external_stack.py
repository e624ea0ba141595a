"""Stack `external`: its services run already. The run creates its own objects there and removes only those.

These are topics, consumer groups, one database and, unless the warehouse reads the topic by itself, a processor on this
machine or a job on Flink. A run that serves a fixture set has no topics and no groups; its source is on this machine.
The run's folder lists each object before it is created, so that a later process can remove it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamproof.model.errors import StackError, StreamproofError
from streamproof.model.settings import Connections, KafkaSettings
from streamproof.model.stack import StackState
from streamproof.runs.context import RunContext
from streamproof.runs.folder import read_json
from streamproof.runs.processors import processor_secrets
from streamproof.runtime.files import write_json
from streamproof.runtime.stack import StackSpec, start_stack, stop_stack
from streamproof.runtime.stack_spec import OutsideLaunch
from streamproof.stages.flink.job import cluster_version, run_job, submit, withdraw
from streamproof.warehouse.registry import open_server

ANSWER_TIMEOUT_SEC = 30.0
# A group can be deleted once it has no members. A static member stays until its session times out; that of ClickHouse's
# consumer may take a minute and a half.
GROUPS_TIMEOUT_SEC = 120.0


def created_file(ctx: RunContext) -> Path:
    """Return the path of the list of objects that the run created outside. Removing them all deletes it."""
    return ctx.folder.stack / "created_outside.json"


def bring_up(ctx: RunContext, spec: StackSpec, *, timeout: float) -> StackState:
    """Check the services, create the run's topics and start its processor, or submit its job to Flink.

    `spec` is the one that a local stack would have. A failure removes everything that was created. Raises StackError
    or WarehouseError naming the service.
    """
    outside = ctx.outside()
    kafka = ctx.outside_kafka() if ctx.needs_kafka else None
    # A pipeline that others use keeps its topics and groups: the run creates none.
    shared = ctx.shared_pipeline() is not None
    groups = () if shared else tuple(ctx.names.groups.values())
    topics = () if shared else tuple(ctx.names.topics.values())
    versions: dict[str, str] = {}
    if kafka is not None:
        versions["kafka"] = ctx.transport.preflight(kafka, topics, groups, source=outside.source)
    versions[ctx.pack.warehouse] = _check_warehouse(ctx, outside)
    if job := run_job(ctx):
        versions["flink"] = cluster_version(ctx, job)
    for service, version in versions.items():
        ctx.log(f"{service}: {version}")
    try:
        if kafka is not None:
            _create_topics(ctx, kafka, topics)
        _write_list(ctx, topics=topics, groups=groups, database=ctx.names.database)
        launch = replace(_launch(outside, kafka, versions), source_url=ctx.plan.service_url)
        # A pipeline that fetches gets its secrets when it is started, after the source has made its key.
        secrets = {} if spec.processor is None else processor_secrets(ctx)
        state = start_stack(replace(spec, topics=(), outside=launch), timeout=timeout, secrets=secrets)
        if job:
            submit(ctx, job)
    except BaseException:
        try:
            take_down(ctx, timeout=timeout)
        except StreamproofError as left:
            # The list of created objects is kept, so stage stack_down tries again. The error of the start is reported.
            ctx.log(left.message)
        raise
    return state


def take_down(ctx: RunContext, *, timeout: float) -> bool:
    """Stop the run's processor and remove what the run created outside.

    Return whether there was anything to stop or remove. A second call changes nothing. One failed removal does not
    prevent the others. Raises StackError, which says what could not be removed.
    """
    running = stop_stack(ctx.folder.stack, timeout=timeout)
    note = created_file(ctx)
    if not note.exists():
        return running
    created = read_json(note)
    problems = []
    for remove in (_withdraw_job, _drop_database, _delete_topics, _delete_groups):
        try:
            remove(ctx, created)
        except StreamproofError as problem:
            problems.append(problem.message)
    if problems:
        raise StackError(
            f"Not everything that run {ctx.plan.run_id} created could be removed: {' '.join(problems)}",
            hint=f"Try again: streamproof stack down {ctx.plan.run_id}. What it created is listed in {note}.",
        )
    note.unlink()
    return True


def _check_warehouse(ctx: RunContext, outside: Connections) -> str:
    """Check that the warehouse can hold the run's database, and return its version. Raises WarehouseError."""
    with closing(open_server(ctx.pack.warehouse, outside.warehouse, source=outside.source)) as server:
        return server.check(ctx.names.database, ctx.sql_dir / "schema")


def _write_list(
    ctx: RunContext, *, topics: Sequence[str], groups: Sequence[str] = (), database: str | None = None
) -> None:
    """Write the list of objects that the run creates outside, for `take_down`."""
    write_json(created_file(ctx), {"topics": list(topics), "groups": list(groups), "database": database})


def _create_topics(ctx: RunContext, kafka: KafkaSettings, topics: Sequence[str]) -> None:
    """Create the topics one by one. Each is listed before it is created.

    When the creation fails, the topic is taken off the list: another run may have created it.
    """
    for number, name in enumerate(topics):
        _write_list(ctx, topics=topics[: number + 1])
        try:
            partitions = {ctx.names.input_topic: ctx.plan.partitions}
            ctx.transport.create_topics(kafka, [name], timeout=ANSWER_TIMEOUT_SEC, partitions=partitions)
        except StackError:
            _write_list(ctx, topics=topics[:number])
            raise


def _launch(outside: Connections, kafka: KafkaSettings | None, versions: dict[str, str]) -> OutsideLaunch:
    warehouse = outside.warehouse
    return OutsideLaunch(
        bootstrap_servers=kafka.bootstrap_servers if kafka else "",
        bootstrap_from_clickhouse=outside.kafka_from_clickhouse,
        warehouse_host=warehouse.host,
        warehouse_port=warehouse.port,
        warehouse_user=warehouse.user,
        warehouse_secure=warehouse.secure,
        versions=versions,
    )


def _withdraw_job(ctx: RunContext, _created: dict[str, Any]) -> None:
    withdraw(ctx)


def _drop_database(ctx: RunContext, created: dict[str, Any]) -> None:
    if created["database"] is None:
        return
    with closing(open_server(ctx.pack.warehouse, ctx.outside().warehouse)) as server:
        if server.release(created["database"], ctx.plan.run_id):
            ctx.log(f"database {created['database']} dropped")


def _delete_topics(ctx: RunContext, created: dict[str, Any]) -> None:
    if not created["topics"]:
        return
    ctx.transport.delete_topics(ctx.outside_kafka(), created["topics"], timeout=ANSWER_TIMEOUT_SEC)
    ctx.log(f"topics {', '.join(created['topics'])} deleted")


def _delete_groups(ctx: RunContext, created: dict[str, Any]) -> None:
    if not created["groups"]:
        return
    ctx.transport.delete_groups(ctx.outside_kafka(), created["groups"], timeout=GROUPS_TIMEOUT_SEC)
    ctx.log(f"groups {', '.join(created['groups'])} deleted")
