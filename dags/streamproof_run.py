"""Prove on a schedule that the streaming pipeline still works.

A run brings up a stack of its own, applies the schema, replays captured events, waits until they have really drained,
judges every layer, publishes one verdict, and takes the stack down.

There is one such DAG for each pack: `streamproof_run` for the default one, `streamproof_run_<pack>` for any other.
Schedule, owner and recipients of the mail are those of its pack.yaml (`dag:`).

* **verdict** - task `publish_summary`: its XCom is the summary, its log names the report. It is the only task that the
  run's state follows; it compares what ran with what was planned.
* **a red check task** - one suite with failed checks. All suites always run; checks are never retried.
* **params** - `manifest` is a fixture set of the pack (`golden`, `hostile`) or a path, `inject` a file of SQL that is
  run before the checks (how to see a run fail), `suites` the suites to run (none: all).
* **replay** - `speed` 60x publishes the events 60 times faster than they happened, `shift_to` moves all their times
  (`now`: the last event is within the last hour), `events` replays the first ones only.
* **mode observe** - judges an existing warehouse in a window (`from_ts` and `to_ts`, or `lookback_hours`), through the
  connection of the warehouse. Nothing is started and nothing is written.
* **stack external** - replays against the services of the connections `clickhouse_default` and `kafka_default`, or for
  a pack whose warehouse is PostgreSQL, `postgres_default`.
* **mail** - at most one a run, through the connection `smtp_default`: about a run that did not pass, and about the
  first one that passes again. `alert_to`, `alert_on` and `alert_min_failed`, or Airflow Variables of these names with
  `streamproof_` before them, say to whom and when; the pack's `alert_to` or `STREAMPROOF_ALERT_TO` are used otherwise.
* **schedule** - the pack's; without one nightly for the default pack. `STREAMPROOF_SCHEDULE` is another cron line (UTC)
  for every pack, or `none`.
* **asset** - `streamproof://<pack>/verified` is updated only by a passed run of mode `full`: all suites, real Kafka,
  no `inject`, no tolerated lines, no chosen window. The event's extra holds run id, commit, fixture hash, report and
  the rungs that the run proved.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, AssetAlias, Param

from streamproof.airflow.alerting.rules import alert_params
from streamproof.airflow.alerts import mail_failed_run, mail_passed_run
from streamproof.airflow.pack_dags import pack_dags
from streamproof.airflow.settings import read_settings
from streamproof.airflow.task_graph import make_tasks
from streamproof.model.plan import KAFKA_KINDS, OBSERVE, RUN_MODES, STACKS

SETTINGS = read_settings()

for OF_PACK in pack_dags(SETTINGS):
    with DAG(
        dag_id=OF_PACK.dag_id,
        description=f"Replay captured events through the pipeline and judge every layer: {OF_PACK.title}",
        schedule=OF_PACK.schedule,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=2),
        doc_md=__doc__,
        tags=["streamproof", "verification", OF_PACK.pack],
        default_args={"owner": OF_PACK.owner, "retries": 0},
        on_failure_callback=mail_failed_run,
        on_success_callback=mail_passed_run,
        params={
            "pack": Param(
                OF_PACK.pack,
                type="string",
                examples=list(SETTINGS.packs.names()),
                description="The pipeline under test, or its folder",
            ),
            "mode": Param(
                "full",
                enum=[*RUN_MODES, OBSERVE],
                description="smoke: one session per scenario; observe: judge a warehouse, writing nothing",
            ),
            "stack": Param(SETTINGS.stack, enum=list(STACKS), description="Where the services run"),
            "kafka": Param("broker", enum=list(KAFKA_KINDS), description="mock: librdkafka's; the run proves less"),
            "manifest": Param(None, type=["null", "string"], description="Fixture set of the pack, or path of one"),
            "processor": Param(None, type=["null", "string"], description="Processor of the pack; none: its first"),
            "partitions": Param(1, type="integer", minimum=1, maximum=64, description="Partitions of the input topic"),
            "parallelism": Param(
                None, type=["null", "integer"], minimum=1, maximum=64, description="Of a job on Flink; none: the pack's"
            ),
            "speed": Param("max", type="string", description="max, or times faster than the events happened: 1x, 60x"),
            "shift_to": Param(
                None, type=["null", "string"], description="Move all times: the last event is at this time, or now"
            ),
            "events": Param(None, type=["null", "integer"], minimum=1, description="Replay the first N events only"),
            "faults": Param(
                None, type=["null", "string"], description="Plan of faults for a pipeline that fetches what is served"
            ),
            "yes_shared": Param(False, type="boolean", description="Publish into a running pipeline that others use"),
            "suites": Param([], type="array", items={"type": "string"}, description="Suites to run; none means all"),
            "keep_stack": Param(False, type="boolean", description="Leave the stack up after the run"),
            "tolerate_bad_lines": Param(False, type="boolean", description="Leave out broken fixture lines"),
            "inject": Param(None, type=["null", "string"], description="File of SQL to run before the checks"),
            "from_ts": Param(None, type=["null", "string"], description="Start of the window, ISO-8601 UTC (observe)"),
            "to_ts": Param(None, type=["null", "string"], description="End of the window, excluded (observe)"),
            "lookback_hours": Param(None, type=["null", "number"], description="The last N hours instead (observe)"),
            "input_topic": Param(None, type=["null", "string"], description="Topic that feeds the warehouse (observe)"),
            **alert_params(),
        },
    ) as dag:
        make_tasks(
            [*RUN_MODES, OBSERVE],
            list(dag.params),
            outlets=[AssetAlias("streamproof_verified")],
        )
