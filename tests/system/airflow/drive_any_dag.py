"""Run a DAG once in this process and write what Airflow then knows of it: `drive_any_dag.py DAG_ID CONF.json OUT.json`.

A process of its own: Airflow reads its settings when it is first imported, and not again.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from streamproof.airflow.private_home import PrivateHome
from streamproof.airflow.settings import read_settings


def main(dag_id: str, conf_file: str, out_file: str) -> None:
    home = PrivateHome.create(read_settings().home)
    os.environ.update(home.environment())
    try:
        home.migrate()
        Path(out_file).write_text(json.dumps(run(home, dag_id, json.loads(Path(conf_file).read_text()))))
    finally:
        home.remove()


def run(home: PrivateHome, dag_id: str, conf: dict) -> dict:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.session import create_session

    bag = DagBag(str(home.project / "dags" / f"{dag_id}.py"))
    dag_run = bag.dags[dag_id].test(run_conf=conf)
    with create_session() as session:
        instances = dag_run.get_task_instances(session=session)
        return {
            "state": str(dag_run.state),
            "tasks": {instance.task_id: str(instance.state) for instance in instances},
        }


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    # Airflow leaves the threads of its in-process API behind.
    os._exit(0)
