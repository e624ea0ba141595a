"""Prove every week that each check of the suites and contracts can fail, and that each fault in the data is seen.

A run is made as in `streamproof_run`. Then, for each mutation that is kept beside a check, a clone of the run's
database is broken by it: the check has to fail, and no unrelated one may. Then every column, row and family of every
table and view is damaged by itself: some check of its layer or the next has to fail.

* **prove** - red when a check survives a mutation: it would not notice that failure in production either. Its log has
  every mutation; `prove.json` and `coverage.json` in the run's folder have mutations and damages as data.
* **verdict** - task `publish_summary`, as in `streamproof_run`: survivors are failed checks of the suite `prove`.
* **params** - `suites` and `checks` narrow what is proved (none: all). The whole run is made all the same. `coverage`
  is `all` damages, `one` a column, or `none`.
* **mail** - one per failed proof, to `STREAMPROOF_ALERT_TO`, through the connection `smtp_default`.
* **schedule** - weekly; `STREAMPROOF_PROVE_SCHEDULE` is another cron line (UTC), or `none`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, TriggerRule

from streamproof.airflow.alerts import mail_failed_run
from streamproof.airflow.operators import PlanRunOperator, PublishSummaryOperator, StackDownOperator, StageOperator
from streamproof.airflow.sensors import DrainSensor, PipelineReadySensor
from streamproof.airflow.settings import read_settings
from streamproof.model.plan import AFTER_SUITES, DAMAGES, EVERY_DAMAGE, KAFKA_KINDS, PROVE, STACKS

PACK = "livepeer"
INFRASTRUCTURE = {"retries": 1, "retry_delay": timedelta(seconds=5)}

with DAG(
    dag_id="streamproof_prove",
    description="Break clones of a run's database and require that every check notices",
    schedule=read_settings().prove_schedule,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=3),
    doc_md=__doc__,
    tags=["streamproof", "proof", PACK],
    default_args={"owner": "data-platform", "retries": 0, "execution_timeout": timedelta(minutes=15)},
    on_failure_callback=mail_failed_run,
    params={
        "pack": Param(PACK, enum=[PACK], description="The pipeline whose checks are proved"),
        "mode": Param(PROVE, const=PROVE, type="string"),
        "stack": Param(read_settings().stack, enum=list(STACKS), description="Where the services run"),
        "kafka": Param("broker", enum=list(KAFKA_KINDS), description="mock proves less, and says so"),
        "suites": Param([], type="array", items={"type": "string"}, description="Suites to prove; none means all"),
        "checks": Param([], type="array", items={"type": "string"}, description="Checks to prove; none means all"),
        "coverage": Param(EVERY_DAMAGE, enum=["none", *DAMAGES], description="Damages of every column, row and family"),
        "keep_stack": Param(False, type="boolean", description="Leave the stack up after the proof"),
    },
):
    plan_run = PlanRunOperator(task_id="plan_run")
    stack_up = StageOperator(task_id="stack_up", stage="stack_up", **INFRASTRUCTURE).as_setup()
    schema_apply = StageOperator(task_id="schema_apply", stage="schema_apply", **INFRASTRUCTURE)
    pipeline_ready = PipelineReadySensor(task_id="pipeline_ready")
    replay_events = StageOperator(task_id="replay_events", stage="replay_events")
    pipeline_wait = DrainSensor(task_id="pipeline_wait")
    query_pack = StageOperator(task_id="query_pack", stage="query_pack")
    suites = StageOperator.partial(task_id="assert_suite", map_index_template="{{ task.stage }}").expand(
        stage=plan_run.output
    )
    others = [StageOperator(task_id=stage, stage=stage) for stage in AFTER_SUITES]
    # Only a run whose own checks all hold can prove anything: the usual rule, all of them succeeded.
    prove = StageOperator(task_id="prove", stage="prove", execution_timeout=timedelta(minutes=90))
    publish_summary = PublishSummaryOperator(task_id="publish_summary").as_teardown(
        setups=stack_up, on_failure_fail_dagrun=True
    )
    stack_down = StackDownOperator(task_id="stack_down", **INFRASTRUCTURE).as_teardown(setups=stack_up)
    publish_summary.trigger_rule = stack_down.trigger_rule = TriggerRule.ALL_DONE

    plan_run >> stack_up >> schema_apply >> pipeline_ready >> replay_events >> pipeline_wait >> query_pack
    query_pack >> [suites, *others] >> prove >> publish_summary >> stack_down
