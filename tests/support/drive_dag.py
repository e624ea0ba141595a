"""Run a DAG once for each conf, in this process: `drive_dag.py DAG_ID CONFS.json OUT.json`.

A process of its own: Airflow reads its settings when it is first imported, and not again.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from streamproof.airflow.private_home import PrivateHome
from streamproof.airflow.settings import read_settings


def main(dag_id: str, confs: str, out: str) -> None:
    home = PrivateHome.create(read_settings().home)
    os.environ.update(home.environment())
    try:
        home.migrate()
        found = [run(home, dag_id, conf) for conf in json.loads(Path(confs).read_text())]
        Path(out).write_text(json.dumps(found))
    finally:
        home.remove()


def run(home: PrivateHome, dag_id: str, conf: dict) -> dict:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    bag = DagBag(str(home.project / "dags" / f"{dag_id}.py"))
    dag_run = bag.dags[dag_id].test(run_conf=conf)
    with create_session() as session:
        told = session.execute(
            XComModel.get_many(run_id=dag_run.run_id).with_only_columns(
                XComModel.task_id, XComModel.key, XComModel.value
            )
        ).all()
        return {
            "state": str(dag_run.state),
            "tasks": {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances(session=session)},
            "xcom": {f"{task}/{key}": _value(value) for task, key, value in told},
        }


def _value(value: object) -> object:
    """Return a value of XCom; structures are kept as JSON text."""
    return json.loads(value) if isinstance(value, str) and value.startswith(("{", "[")) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    # Airflow leaves the threads of its in-process API behind.
    os._exit(0)
