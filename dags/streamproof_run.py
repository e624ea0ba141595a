"""Prove on a schedule that the streaming pipeline still works.

A run brings up a stack of its own, applies the schema, replays captured events, waits until they have really drained,
judges every layer, publishes one verdict, and takes the stack down.

* **verdict** - task `publish_summary`: its XCom is the summary, its log names the report. It is the only task that the
  run's state follows; it compares what ran with what was planned.
* **a red check task** - one suite with failed checks. All suites always run; checks are never retried.
* **params** - `manifest` is a fixture set of the pack (`golden`, `hostile`) or a path, `inject` a file of SQL that is
  run before the checks (how to see a run fail), `suites` the suites to run (none: all).
* **mode observe** - judges what a warehouse that others fill holds in a window (`from_ts` and `to_ts`, or
  `lookback_hours`), through the connection `clickhouse_default`. Nothing is started and nothing is written.
* **stack external** - replays against the services of the connections `clickhouse_default` and `kafka_default`.
* **mail** - one per failed run, to `STREAMPROOF_ALERT_TO`, through the connection `smtp_default`.
* **schedule** - nightly; `STREAMPROOF_SCHEDULE` is another cron line (UTC), or `none`.
* **asset** - `streamproof://livepeer/verified` is updated by passed runs only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset, Param, TriggerRule

from streamproof.airflow.alerts import mail_failed_run
from streamproof.airflow.operators import (
    InjectOperator,
    PlanRunOperator,
    PublishSummaryOperator,
    StackDownOperator,
    StageOperator,
)
from streamproof.airflow.sensors import DrainSensor, PipelineReadySensor
from streamproof.airflow.settings import read_settings
from streamproof.model.plan import KAFKA_KINDS, OBSERVE, RUN_MODES, STACKS

PACK = "livepeer"
INFRASTRUCTURE = {"retries": 1, "retry_delay": timedelta(seconds=5)}

with DAG(
    dag_id="streamproof_run",
    description="Replay captured events through the pipeline and judge every layer",
    schedule=read_settings().schedule,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    doc_md=__doc__,
    tags=["streamproof", "verification", PACK],
    default_args={"owner": "data-platform", "retries": 0, "execution_timeout": timedelta(minutes=15)},
    on_failure_callback=mail_failed_run,
    params={
        "pack": Param(PACK, enum=[PACK], description="The pipeline under test"),
        "mode": Param(
            "full",
            enum=[*RUN_MODES, OBSERVE],
            description="smoke: one session per scenario; observe: judge a warehouse, writing nothing",
        ),
        "stack": Param(read_settings().stack, enum=list(STACKS), description="Where the services run"),
        "kafka": Param("broker", enum=list(KAFKA_KINDS), description="mock proves less, and says so"),
        "manifest": Param(None, type=["null", "string"], description="Fixture set of the pack, or path of a manifest"),
        "suites": Param([], type="array", items={"type": "string"}, description="Suites to run; none means all"),
        "keep_stack": Param(False, type="boolean", description="Leave the stack up after the run"),
        "tolerate_bad_lines": Param(False, type="boolean", description="Leave out broken fixture lines"),
        "inject": Param(None, type=["null", "string"], description="File of SQL to run before the checks"),
        "from_ts": Param(None, type=["null", "string"], description="Start of the window, ISO-8601 UTC (observe)"),
        "to_ts": Param(None, type=["null", "string"], description="End of the window, excluded (observe)"),
        "lookback_hours": Param(None, type=["null", "number"], description="The last N hours instead (observe)"),
        "input_topic": Param(None, type=["null", "string"], description="Topic that feeds the warehouse (observe)"),
    },
):
    plan_run = PlanRunOperator(task_id="plan_run")
    stack_up = StageOperator(task_id="stack_up", stage="stack_up", **INFRASTRUCTURE).as_setup()
    # Of mode observe, which has none of the five before the trace; in the other modes it is skipped.
    warehouse_check = StageOperator(task_id="warehouse_check", stage="warehouse_check", **INFRASTRUCTURE)
    schema_apply = StageOperator(task_id="schema_apply", stage="schema_apply", **INFRASTRUCTURE)
    pipeline_ready = PipelineReadySensor(task_id="pipeline_ready")
    replay_events = StageOperator(task_id="replay_events", stage="replay_events")
    pipeline_wait = DrainSensor(task_id="pipeline_wait")
    inject = InjectOperator(task_id="inject")
    # What did not drain in time is judged all the same: the checks then say what is missing.
    query_pack = StageOperator(
        task_id="query_pack", stage="query_pack", needs_stage="replay_events", trigger_rule=TriggerRule.ALL_DONE
    )
    suites = StageOperator.partial(task_id="assert_suite", map_index_template="{{ task.stage }}").expand(
        stage=plan_run.output
    )
    contracts = StageOperator(task_id="contracts", stage="contracts")
    conservation = StageOperator(task_id="conservation", stage="conservation")
    oracle = StageOperator(task_id="oracle", stage="oracle")
    # Both ends run whatever happened, also after a setup that failed half-way: that a teardown's usual rule would not.
    # The run's state follows the verdict; where nothing was brought up, that is a verdict too.
    publish_summary = PublishSummaryOperator(
        task_id="publish_summary",
        outlets=[Asset(name=f"streamproof_{PACK}_verified", uri=f"streamproof://{PACK}/verified")],
    ).as_teardown(setups=stack_up, on_failure_fail_dagrun=True)
    stack_down = StackDownOperator(task_id="stack_down", **INFRASTRUCTURE).as_teardown(setups=stack_up)
    publish_summary.trigger_rule = stack_down.trigger_rule = TriggerRule.ALL_DONE

    plan_run >> warehouse_check >> query_pack
    plan_run >> stack_up >> schema_apply >> pipeline_ready >> replay_events >> pipeline_wait >> inject >> query_pack
    query_pack >> [suites, contracts, conservation, oracle] >> publish_summary >> stack_down
