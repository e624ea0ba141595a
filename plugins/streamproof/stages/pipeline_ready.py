"""Stage `pipeline_ready`: wait until the consumers of the input topic are assigned all of its partitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from streamproof.model.waiting import Probe, wait_until
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.processors import run_processor
from streamproof.runs.stage import Wait
from streamproof.runtime.files import last_lines
from streamproof.stages.flink.failures import FailureWatch, job_hint
from streamproof.stages.flink.job import run_job
from streamproof.stages.flink.state import job_missing
from streamproof.stages.processor_ready import processor_log, processor_missing
from streamproof.transport.base import Consumers
from streamproof.warehouse.base import Warehouse

MESSAGE = "the pipeline to be ready"
HINT = (
    "Look at the logs of the processor and of ClickHouse in the run's stack/logs folder. On stack external, ClickHouse "
    "has to reach the brokers, too: KAFKA_BOOTSTRAP_FROM_CLICKHOUSE."
)
TIMEOUT_SEC = 60.0


@contextmanager
def ready_probe(ctx: RunContext) -> Iterator[Callable[[], Probe]]:
    """Connect to the warehouse and Kafka, and yield a blocking probe that checks once whether the consumers are ready.

    The probe raises StackError at once when the stack has failed.
    """
    groups, job, failures = ctx.transport.consumers(ctx.kafka()), run_job(ctx), FailureWatch(ctx)
    with ctx.warehouse() as warehouse:
        look = _probe_mock if ctx.stack_state().kafka_kind == "mock" else _probe_broker

        def probe() -> Probe:
            failures.look()
            missing = [*look(ctx, groups, warehouse), *processor_missing(ctx, groups)]
            if job:
                missing += job_missing(ctx, job, groups)
            return Probe(not missing, "; ".join(missing))

        yield probe


def wait_of(ctx: RunContext) -> Wait:
    """Return what a sensor waits for."""
    return Wait(lambda: ready_probe(ctx), timeout_of(ctx), MESSAGE, lambda: late_hint(ctx))


def timeout_of(ctx: RunContext) -> float:
    """Return how many seconds the pipeline may take to be ready."""
    if shared := ctx.shared_pipeline():
        return shared.ready_timeout_sec
    if job := run_job(ctx):
        return job.ready_timeout_sec
    chosen = run_processor(ctx)
    return chosen.ready.timeout_sec if chosen and chosen.ready else TIMEOUT_SEC


def late_hint(ctx: RunContext) -> str:
    """Return where to look when the pipeline is not ready in time: the job's state, the processor's last lines."""
    if said := job_hint(ctx):
        return f"{said} {HINT}"
    log = processor_log(ctx)
    lines = last_lines(log)
    return f"{HINT} The processor's log is {log}. Last lines:\n{lines}" if lines else HINT


def run(ctx: RunContext) -> StageOutcome:
    """Wait until the consumer groups are assigned the input topic and the processor is ready.

    Raises WaitTimeoutError or StackError.
    """
    with ready_probe(ctx) as look:
        waited = wait_until(look, timeout=timeout_of(ctx), message=MESSAGE, hint=lambda: late_hint(ctx))
    return StageOutcome(details={"waited_sec": round(waited, 3)})


def _probe_broker(ctx: RunContext, groups: Consumers, warehouse: Warehouse) -> list[str]:
    """Return what is missing before the consumers are assigned the input topic."""
    ctx.stack_state()
    topic = ctx.names.input_topic
    partitions = groups.partitions(topic)
    if not partitions:
        return [f"topic {topic} does not exist"]
    # A job on Flink assigns the partitions to its readers itself: its group never has a member.
    own = job.group if (job := run_job(ctx)) else ""
    roles = [role for role in ctx.pack.accounting.drained.consumer_groups if role != own]
    states = (groups.state(ctx.names.groups[role], topic) for role in roles)
    missing = [what for state in states if (what := state.missing(partitions))]
    # The run has no logs of services that it did not start. The warehouse reports why it cannot reach the brokers.
    if missing and ctx.plan.needs_connections and (complaint := warehouse.consumer_complaint()):
        missing.append(f"the warehouse says: {complaint}")
    return missing


def _probe_mock(ctx: RunContext, groups: Consumers, warehouse: Warehouse) -> list[str]:
    """Do the same for the mock broker. It cannot describe groups, so the consumers report their own assignments."""
    ctx.stack_state()
    topic = ctx.names.input_topic
    partitions = groups.partitions(topic)
    assigned = {
        "raw": warehouse.assigned_partitions(topic),
        "processor": assigned_to_processor(ctx.folder.stack / "processor_status.json", topic),
    }
    return [
        f"group {role} has no consumer for {sorted(partitions - assigned[role])}"
        for role in ctx.pack.accounting.drained.consumer_groups
        if not partitions or partitions - assigned[role]
    ]


def assigned_to_processor(status_file: Path, topic: str) -> set[int]:
    """Return the partitions in the processor's status file; none without a file or while it is not running."""
    if not status_file.exists():
        return set()
    status = orjson.loads(status_file.read_bytes())
    return set(status.get("assigned", {}).get(topic, ())) if status.get("state") == "running" else set()
