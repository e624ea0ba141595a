"""Bring up the run's own stack: Kafka, ClickHouse and the stream processor, on free loopback ports."""

from __future__ import annotations

from streamproof.services.stack import ProcessorLaunch, StackSpec, start_stack
from streamproof.stages.context import RunContext, StageOutcome

TIMEOUT_SEC = 90.0
# A stack without an owner process (a run under the Airflow scheduler) takes itself down after this time.
LEASE_SEC = 4 * 3600.0


def stack_spec(ctx: RunContext) -> StackSpec:
    """Return what the run's supervisor is to start. A kept stack has no owner and no lease: it stays until stopped."""
    names, pack, plan = ctx.names, ctx.pack, ctx.plan
    status_file = str(ctx.folder.stack / "processor_status.json")
    processor = ProcessorLaunch(
        module=pack.processor.module,
        status_file=status_file,
        env={
            **pack.processor.settings,
            "QUALITY_INPUT_TOPIC": names.input_topic,
            "QUALITY_DLQ_TOPIC": names.dlq_topic,
            "QUALITY_QUARANTINE_TOPIC": names.quarantine_topic,
            "QUALITY_GROUP_ID": names.processor_group,
            "QUALITY_KAFKA_BOOTSTRAP": "{bootstrap_servers}",
            "CLICKHOUSE_URL": "{clickhouse_url}",
            "CLICKHOUSE_USER": "{clickhouse_user}",
            "CLICKHOUSE_PASSWORD": "",
            "CLICKHOUSE_DATABASE": names.database,
            "PROCESSOR_STATUS_FILE": status_file,
            "PROCESSOR_STATE_DIR": str(ctx.folder.stack / "data" / "processor"),
        },
    )
    return StackSpec(
        name=plan.run_id,
        folder=str(ctx.folder.stack),
        kafka_kind=plan.kafka,
        topics=names.topics,
        processor=processor,
        owner=None if plan.keep_stack else plan.owner,
        expires_after_sec=None if plan.keep_stack or plan.owner else LEASE_SEC,
        java=plan.java,
        cache_dir=plan.cache_dir,
        home=plan.home,
    )


def run(ctx: RunContext) -> StageOutcome:
    """Start the stack and wait until every service answers. Raises StackError naming the service that does not."""
    state = start_stack(stack_spec(ctx), timeout=TIMEOUT_SEC)
    for service in state.services:
        ports = ", ".join(f"{purpose} {port}" for purpose, port in service.ports.items())
        ctx.log(f"{service.name} {service.version} pid {service.process.pid} {ports}")
    return StageOutcome(
        details={
            "bootstrap_servers": state.bootstrap_servers,
            "clickhouse": state.clickhouse.url,
            "versions": {service.name: service.version for service in state.services},
        }
    )
