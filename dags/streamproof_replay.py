"""Publish a fixture set to a topic, without a run: at its original pace, moved to now, or a part of it.

The brokers are those of the connection `kafka_default`; the topic must be there. Nothing else is started or judged.

* **resume** - the task writes a ledger (`artifacts/replays/`). When it is killed, its next try reads what the topic
  holds beyond the ledger and publishes the rest: no record is missing or there twice.
* **params** - `manifest` is a fixture set of the pack or a path, `speed` is `max` or a factor (`60x`), `shift_to` moves
  all times (`now`, or the time of the last event), `events` replays the first ones only. `dry_run` returns the plan.
* **XCom** - what was published: counts, offsets, rate and, with a pace, how far from its time each record was sent.

See docs/fixtures.md.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param

from streamproof.airflow.replaying.operators import ReplayOperator
from streamproof.airflow.settings import read_settings

SETTINGS = read_settings()
PACK = SETTINGS.packs.default_name

with DAG(
    dag_id="streamproof_replay",
    description="Publish a fixture set to a topic: paced, moved in time, resumable",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    doc_md=__doc__,
    tags=["streamproof", "replay", PACK],
    default_args={"owner": "data-platform"},
    params={
        "pack": Param(PACK, type="string", examples=list(SETTINGS.packs.names()), description="Whose events they are"),
        "manifest": Param(None, type=["null", "string"], description="Fixture set of the pack, or path of one"),
        "topic": Param(None, type=["null", "string"], description="Where to; none: the pack's input topic"),
        "scenarios": Param([], type="array", items={"type": "string"}, description="Only these; none means all"),
        "speed": Param("max", type="string", description="max, or times faster than the events happened: 1x, 60x"),
        "shift_to": Param(
            None, type=["null", "string"], description="Move all times: the last event is at this time, or now"
        ),
        "events": Param(None, type=["null", "integer"], minimum=1, description="Replay the first N events only"),
        "partitions": Param(None, type=["null", "integer"], minimum=1, description="How many the topic must have"),
        "tolerate_bad_lines": Param(False, type="boolean", description="Leave out broken fixture lines"),
        "dry_run": Param(False, type="boolean", description="Return the plan; publish nothing"),
        "connection": Param(SETTINGS.kafka_conn_id, type="string", description="The Airflow connection of the brokers"),
    },
) as dag:
    ReplayOperator(
        task_id="replay",
        execution_timeout=timedelta(hours=23),
        retries=3,
        retry_delay=timedelta(seconds=10),
    )
