"""Prove every week that each check of the suites and contracts can fail, and that each fault in the data is seen.

The DAG makes a run as `streamproof_run` does. Then it applies each mutation of a check to a clone of the run's
database: that check must fail, and one that reads nothing of what changed must not. Then it damages every column, row
and family of every table and view, one at a time: a check of the same layer or the next one must fail.

* **prove** - red when a check does not fail under its mutation, because it would miss that failure in production too.
  Its log lists every mutation. `prove.json` and `coverage.json` in the run's folder hold mutations and damages as data.
* **verdict** - task `publish_summary`, as in `streamproof_run`: survivors are failed checks of the suite `prove`.
* **params** - `suites` and `checks` select what is proved (none: all); the run itself is always complete. `coverage`
  applies `all` damages, `one` for each column, or `none`.
* **mail** - at most one a proof, as of `streamproof_run`, with the same Params and Airflow Variables.
* **schedule** - weekly; `STREAMPROOF_PROVE_SCHEDULE` is another cron line (UTC), or `none`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param

from streamproof.airflow.alerting.rules import alert_params
from streamproof.airflow.alerts import mail_failed_run, mail_passed_run
from streamproof.airflow.settings import read_settings
from streamproof.airflow.task_graph import make_tasks
from streamproof.model.plan import DAMAGES, EVERY_DAMAGE, KAFKA_KINDS, PROVE, STACKS

SETTINGS = read_settings()
PACK = SETTINGS.packs.default_name

with DAG(
    dag_id="streamproof_prove",
    description="Break clones of a run's database and require that every check detects it",
    schedule=SETTINGS.prove_schedule,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=3),
    doc_md=__doc__,
    tags=["streamproof", "proof", PACK],
    default_args={"owner": "data-platform", "retries": 0},
    on_failure_callback=mail_failed_run,
    on_success_callback=mail_passed_run,
    params={
        "pack": Param(
            PACK,
            type="string",
            examples=list(SETTINGS.packs.names()),
            description="The pipeline whose checks are proved, or its folder",
        ),
        "mode": Param(PROVE, const=PROVE, type="string"),
        "stack": Param(SETTINGS.stack, enum=list(STACKS), description="Where the services run"),
        "kafka": Param("broker", enum=list(KAFKA_KINDS), description="mock: librdkafka's; the run proves less"),
        "suites": Param([], type="array", items={"type": "string"}, description="Suites to prove; none means all"),
        "checks": Param([], type="array", items={"type": "string"}, description="Checks to prove; none means all"),
        "coverage": Param(EVERY_DAMAGE, enum=["none", *DAMAGES], description="Damages of every column, row and family"),
        "keep_stack": Param(False, type="boolean", description="Leave the stack up after the proof"),
        **alert_params(),
    },
) as dag:
    make_tasks([PROVE], list(dag.params))
