"""Stage `stack_up`: start the run's own services on free loopback ports."""

from __future__ import annotations

import re
import zlib

from streamproof.model.plan import COMPOSE, EXTERNAL
from streamproof.model.stack import StackState
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.processors import processor_launch, processor_secrets
from streamproof.runtime.jars import Progress
from streamproof.runtime.stack import StackSpec, start_stack, stop_stack
from streamproof.runtime.stack_spec import FLINK_SERVICES, PRESERVE, PROCESSOR, TASK_MANAGER, ComposeLaunch, FlinkSpec
from streamproof.stages.external_stack import bring_up
from streamproof.stages.flink.job import run_job, submit
from streamproof.stages.serving.source import source_launch

TIMEOUT_SEC = 90.0
# A run under the Airflow scheduler has no owner process. Its stack stops by itself after this time.
LEASE_SEC = 4 * 3600.0
# Docker images may have to be pulled or built.
COMPOSE_TIMEOUT_SEC = 1800.0
STOP_TIMEOUT_SEC = 60.0


def timeout_of(ctx: RunContext) -> float:
    """Return how many seconds the run's stack may take to come up."""
    return COMPOSE_TIMEOUT_SEC if ctx.plan.stack == COMPOSE else TIMEOUT_SEC


def stack_spec(ctx: RunContext) -> StackSpec:
    """Return what the run's supervisor starts. A kept stack has no owner and no lease: it stays until it is stopped."""
    plan = ctx.plan
    return StackSpec(
        name=plan.run_id,
        folder=str(ctx.folder.stack),
        kafka_kind=plan.kafka,
        topics=tuple(ctx.names.topics.values()),
        partitions={} if ctx.pack.source else {ctx.names.input_topic: plan.partitions},
        # A pipeline that fetches what is served is started once its tables are there.
        processor=None if ctx.pack.source else processor_launch(ctx),
        owner=None if plan.keep_stack else plan.owner,
        expires_after_sec=None if plan.keep_stack or plan.owner else LEASE_SEC,
        java=plan.java,
        cache_dir=plan.cache_dir,
        home=plan.home,
        compose=compose_launch(ctx) if plan.stack == COMPOSE else None,
        flink=flink_spec(ctx) if plan.stack not in (COMPOSE, EXTERNAL) else None,
        source=source_launch(ctx),
        warehouse=ctx.pack.warehouse,
    )


def flink_spec(ctx: RunContext) -> FlinkSpec | None:
    """Return the Flink cluster that the run's job needs, None when its processor is another one."""
    job = run_job(ctx)
    if job is None:
        return None
    return FlinkSpec(task_managers=job.parallelism, checkpoint_interval_ms=job.checkpoint_interval_ms)


def compose_launch(ctx: RunContext, strategy: str = PRESERVE, *, keep_volumes: bool = False) -> ComposeLaunch:
    """Return how Docker starts the run's stack: as its own Compose project with the services that the suites need."""
    plan, job = ctx.plan, run_job(ctx)
    return ComposeLaunch(
        project=project_name(plan.run_id),
        files=plan.compose_files,
        services=compose_services(ctx),
        docker_host=plan.docker_host,
        strategy=strategy,
        backups=str(ctx.home / "artifacts" / "state-backups" / plan.run_id / re.sub("[^0-9TZ]", "", plan.created_at)),
        keep_volumes=keep_volumes,
        replicas={TASK_MANAGER: job.parallelism} if job else {},
    )


def compose_services(ctx: RunContext) -> tuple[str, ...]:
    """Return the services of docker-compose.yaml that a run needs: those of its pack, for a job on Flink with Flink.

    The job takes the place of the pack's own processor.
    """
    services = ctx.pack.services.of(ctx.plan.suites)
    if run_job(ctx) is None:
        return services
    return (*(name for name in services if name not in (PROCESSOR, *FLINK_SERVICES)), *FLINK_SERVICES)


def project_name(run_id: str) -> str:
    """Return the name of a run's Compose project: lower-case letters, digits, dashes and underscores.

    A run id with other characters gets a checksum at the end, so that similar ids have different project names.
    """
    plain = re.sub(r"[^a-z0-9_-]", "-", run_id.lower())
    return f"sp-{plain}" if plain == run_id else f"sp-{plain}-{zlib.crc32(run_id.encode()):08x}"


def start_own(ctx: RunContext, spec: StackSpec, *, timeout: float, progress: Progress | None = None) -> StackState:
    """Start a stack of the run's own services. Raises StackError naming the service that does not start."""
    # Compose would use the secrets as values of the project's own variables.
    secrets = {} if spec.compose or spec.processor is None else processor_secrets(ctx)
    return start_stack(spec, timeout=timeout, progress=progress, secrets=secrets)


def _log_step(ctx: RunContext, done: int, total: int, name: str) -> None:
    """Log what is fetched or installed; a step without a name is the end."""
    if name:
        ctx.log(f"{name}: {done} of {total}")


def _submit_job(ctx: RunContext) -> None:
    """Submit the run's job, if it has one. When that fails the stack is stopped, as when a service does not start."""
    if (job := run_job(ctx)) is None:
        return
    try:
        submit(ctx, job)
    except BaseException:
        stop_stack(ctx.folder.stack, timeout=STOP_TIMEOUT_SEC)
        raise


def run(ctx: RunContext) -> StageOutcome:
    """Start the stack and wait until every service answers. Raises StackError naming the service that does not."""
    spec, timeout = stack_spec(ctx), timeout_of(ctx)
    external = ctx.plan.stack == EXTERNAL
    if external:
        state = bring_up(ctx, spec, timeout=timeout)
    else:
        state = start_own(ctx, spec, timeout=timeout, progress=lambda *step: _log_step(ctx, *step))
        _submit_job(ctx)
    for service in state.services:
        ports = ", ".join(f"{purpose} {port}" for purpose, port in service.ports.items())
        ctx.log(f"{service.name} {service.version} {service.place} {ports}")
    return StageOutcome(
        details={
            "bootstrap_servers": state.bootstrap_servers,
            "clickhouse": state.clickhouse_url,
            "warehouse": state.warehouse_url,
            "versions": {**state.outside, **{service.name: service.version for service in state.services}},
        }
    )
