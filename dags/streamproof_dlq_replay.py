"""Send a window of dead letters again, exactly once, when their cause is fixed, and judge what becomes of them.

* **params** - the window is half-open, by the time of the event (`from_ts`, `to_ts`; either may be left out);
  `failure_class` and `reason` select; `move` (`OLD=NEW`) and `set` (`PATH=VALUE`) correct every body; `max_replays` is
  the loop guard.
* **dry_run** - task `plan_replay` shows what would be sent, by class, reason and hour, and what is skipped and why;
  nothing is sent. Every skipped record is in `skipped.jsonl` of the replay's folder.
* **a task that was killed** - is tried again and goes on: nothing is lost or sent twice. The replay is named by
  `replay_id`, else by the DAG run. Workers need the same artifacts folder.
* **checklist** - all events are recovered, dead letters are back at their baseline, the window holds no duplicates and
  fits the dedup lifetime. A failed check is not tried again.
* **where** - the connections `kafka_default` and `clickhouse_default`, or `run`: a run or stack that is up.

See docs/operations.md, "Dead letters".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param

from streamproof.airflow.dead_letters.operators import (
    DlqChecklistOperator,
    PlanDlqReplayOperator,
    SendDlqReplayOperator,
)
from streamproof.airflow.settings import read_settings

SETTINGS = read_settings()
RETRIES = {"retries": 2, "retry_delay": timedelta(seconds=10), "execution_timeout": timedelta(hours=2)}
TEXT = ["null", "string"]

with DAG(
    dag_id="streamproof_dlq_replay",
    description="Replay a window of dead letters and judge the outcome",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    doc_md=__doc__,
    tags=["streamproof", "dead-letters"],
    default_args={"owner": "data-platform"},
    params={
        "pack": Param(SETTINGS.packs.default_name, type="string", description="The pipeline, or its folder"),
        "run": Param(None, type=TEXT, description="A run or stack that is up; none: the connections"),
        "replay_id": Param(None, type=TEXT, description="Name of the replay; the same goes on with it"),
        "from_ts": Param(None, type=TEXT, description="Start of the window, ISO-8601 UTC, included"),
        "to_ts": Param(None, type=TEXT, description="End of the window, excluded"),
        "failure_class": Param([], type="array", items={"type": "string"}, description="Only these classes"),
        "reason": Param([], type="array", items={"type": "string"}, description="Only these reasons"),
        "move": Param([], type="array", items={"type": "string"}, description="Corrections OLD=NEW: a field moves"),
        "set": Param([], type="array", items={"type": "string"}, description="Corrections PATH=VALUE, JSON or text"),
        "max_replays": Param(2, type="integer", minimum=1, description="Skip events that were sent again so often"),
        "rate": Param(None, type=["null", "number"], exclusiveMinimum=0, description="Records a second at most"),
        "dry_run": Param(False, type="boolean", description="Show what would be sent; send nothing"),
        "allow_partial_window": Param(False, type="boolean", description="Replay what is left of a dropped window"),
        "dlq_topic": Param(None, type=TEXT, description="Topic to read; none: the pack's"),
        "output_topic": Param(None, type=TEXT, description="Topic to send to; none: the pack's"),
        "checklist": Param(True, type="boolean", description="Judge what becomes of the events"),
        "timeout_sec": Param(None, type=["null", "number"], minimum=1, description="Until all must have arrived"),
    },
) as dag:
    plan = PlanDlqReplayOperator(task_id="plan_replay", **RETRIES)
    send = SendDlqReplayOperator(task_id="send_replay", **RETRIES)
    checklist = DlqChecklistOperator(task_id="checklist", **RETRIES)
    plan >> send >> checklist
