"""Cut a fixture set out of a warehouse: the sessions of each scenario that began in a window, with their records.

The one task `export` reads the warehouse of the ClickHouse connection, or that of a run whose stack is still up (`run`;
its window is the default then). It writes one JSON Lines file per session and a `manifest.json` that
`streamproof_run` takes as its Param `manifest`. The folder appears only when the set is whole, so a task that is tried
again starts anew.

* **window** - `from_ts` and `to_ts`, or `lookback_hours`.
* **out** - the folder, by default one for each DAG run below `artifacts/exports`. It must not exist.
* **redact** - on by default: what identifies somebody is replaced, by the key `STREAMPROOF_REDACTION_KEY` or a random
  one. Without it the set holds real ids, addresses and texts.
* **options** - the pack's own, by name: see `export.options` in its pack.yaml.
* **missing scenarios** - the task fails and names them, unless `allow_missing_scenarios`.

XCom has the manifest, the sessions and events by scenario, and notices. See docs/fixtures.md.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param

from streamproof.airflow.exports.operators import FixtureExportOperator
from streamproof.airflow.settings import read_settings

SETTINGS = read_settings()
PACK = SETTINGS.packs.default_name
TIME = ["null", "string"]

with DAG(
    dag_id="streamproof_export",
    description="Cut a fixture set out of a warehouse",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    doc_md=__doc__,
    tags=["streamproof", "fixtures", PACK],
    default_args={"owner": "data-platform"},
    render_template_as_native_obj=True,
    params={
        "pack": Param(
            PACK, type="string", examples=list(SETTINGS.packs.names()), description="The pipeline, or its folder"
        ),
        "run": Param(None, type=["null", "string"], description="A kept run, instead of the connection"),
        "connection": Param(SETTINGS.clickhouse_conn_id, type="string", description="Of the warehouse"),
        "from_ts": Param(None, type=TIME, description="Start of the window, ISO-8601, UTC, included"),
        "to_ts": Param(None, type=TIME, description="End of the window, excluded"),
        "lookback_hours": Param(
            None, type=["null", "number"], exclusiveMinimum=0, description="The last N hours instead"
        ),
        "out": Param(None, type=["null", "string"], description="Folder for the set; it must not exist"),
        "limit_per_scenario": Param(
            3, type="integer", minimum=1, description="Sessions of each scenario, newest first"
        ),
        "session_padding_minutes": Param(5, type="integer", minimum=0, description="Before and after each session"),
        "open_session_duration_minutes": Param(30, type="integer", minimum=1, description="Of one without an end"),
        "manifest_window_padding_minutes": Param(60, type="integer", minimum=0, description="Of the set's window"),
        "allow_missing_scenarios": Param(False, type="boolean", description="Export also when a scenario has none"),
        "scenario_sql": Param(None, type=["null", "string"], description="Queries for candidates, not the pack's own"),
        "redact": Param(True, type="boolean", description="Replace what identifies somebody"),
        "options": Param({}, type="object", description="The pack's own options by name"),
    },
) as dag:
    FixtureExportOperator(
        task_id="export",
        params_of_export="{{ params }}",
        execution_timeout=timedelta(hours=5),
        retries=2,
        retry_delay=timedelta(seconds=30),
    )
