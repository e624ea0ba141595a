"""Deploy a job on Flink: start it, update it with its state, stop it, cancel it, or roll it back.

A *deployment* is a name for one job that runs and the build before it. Trigger the DAG with an `action`:

* **deploy** - start the jar, or replace the job that runs: the new jar is uploaded and planned, the old job is stopped
  with a savepoint, and the new one starts from it. When it does not start, fails or keeps restarting, or when the gate
  does not pass, the old jar runs again from the savepoint, and the task is red with the root cause.
* **update** - the same, but only when there is a job to update.
* **stop** - stop the job with a savepoint; the next deploy goes on from it.
* **cancel** - cancel the job without a savepoint.
* **rollback** - run the previous jar from the savepoint that was taken when it was replaced.

Tasks: `cluster_health`, `deployment` (its waits are deferred), `job_report` (checkpoints, back pressure, lag). XCom of
`deployment` has `job_id`, `savepoint` (taken of the old job) and `started_from`. A task that was killed goes on at the
same step when it is tried again: nothing is submitted twice. The cluster is the connection `flink_default` (type HTTP).
See docs/flink.md.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param

from streamproof.airflow.flink.operators import ACTIONS, DEPLOY, FlinkDeploymentOperator, FlinkHealthOperator
from streamproof.airflow.flink.reports import FlinkJobReportOperator
from streamproof.airflow.settings import read_settings

CONNECTION = read_settings().flink_conn_id
RETRIES = {"retries": 2, "retry_delay": timedelta(seconds=10)}

with DAG(
    dag_id="streamproof_flink_deploy",
    description="Deploy, update, stop or roll back a job on Flink",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=3),
    doc_md=__doc__,
    tags=["streamproof", "flink", "deployment"],
    default_args={"owner": "data-platform"},
    render_template_as_native_obj=True,
    params={
        "action": Param(DEPLOY, enum=list(ACTIONS), description="What to do with the deployment"),
        "deployment": Param("default", type="string", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Its name"),
        "jar": Param(
            None, type=["null", "string"], description="Path of a jar on the workers, or group:artifact:version"
        ),
        "entry_class": Param(None, type=["null", "string"], description="Its main class; none means its manifest's"),
        "python_module": Param(
            None, type=["null", "string"], description="A Python job instead: the module that is run"
        ),
        "python_folder": Param(None, type=["null", "string"], description="Its folder of packages on the workers"),
        "arguments": Param([], type="array", items={"type": "string"}, description="Arguments of the program"),
        "parallelism": Param(None, type=["null", "integer"], minimum=1, description="None means the cluster's"),
        "savepoint": Param(None, type=["null", "string"], description="Start from it; `none`: without state"),
        "drain": Param(False, type="boolean", description="Process everything in flight before the job stops"),
        "allow_non_restored_state": Param(False, type="boolean", description="Drop state that no operator takes"),
        "gate": Param(None, type=["null", "string"], description="A command that must pass, else the update is undone"),
        "watch_sec": Param(20, type="number", minimum=0, description="How long the new job must run without a failure"),
        "savepoint_sec": Param(300, type="number", minimum=1, description="How long a savepoint may take"),
        "start_sec": Param(180, type="number", minimum=1, description="How long a job may take to run"),
        "connection": Param(CONNECTION, type="string", description="The Airflow connection of the cluster"),
    },
) as dag:
    health = FlinkHealthOperator(
        task_id="cluster_health",
        conn_id="{{ params.connection }}",
        execution_timeout=timedelta(minutes=5),
        **RETRIES,
    )
    deployment = FlinkDeploymentOperator(
        task_id="deployment",
        action="{{ params.action }}",
        deployment="{{ params.deployment }}",
        conn_id="{{ params.connection }}",
        jar="{{ params.jar }}",
        entry_class="{{ params.entry_class }}",
        python_module="{{ params.python_module }}",
        python_folder="{{ params.python_folder }}",
        arguments="{{ params.arguments }}",
        parallelism="{{ params.parallelism }}",
        savepoint="{{ params.savepoint }}",
        drain="{{ params.drain }}",
        allow_non_restored_state="{{ params.allow_non_restored_state }}",
        gate="{{ params.gate }}",
        limits={
            "watch": "{{ params.watch_sec }}",
            "savepoint": "{{ params.savepoint_sec }}",
            "start": "{{ params.start_sec }}",
        },
        execution_timeout=timedelta(hours=1),
        **RETRIES,
    )
    report = FlinkJobReportOperator(
        task_id="job_report",
        deployment="{{ params.deployment }}",
        conn_id="{{ params.connection }}",
        execution_timeout=timedelta(minutes=5),
        **RETRIES,
    )
    health >> deployment >> report
