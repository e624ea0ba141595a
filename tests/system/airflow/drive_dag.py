"""Run DAGs one after the other in this process, and write what Airflow then knows of each: `drive_dag.py RUNS OUT`.

RUNS is a JSON file with a list of `[DAG_ID, CONF]`. A process of its own: Airflow reads its settings when it is first
imported, and not again.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from streamproof.airflow.private_home import PrivateHome
from streamproof.airflow.settings import read_settings


def main(runs_file: str, out_file: str) -> None:
    home = PrivateHome.create(read_settings().home)
    os.environ.update(home.environment())
    try:
        home.migrate()
        found = [run(home, dag_id, conf) for dag_id, conf in json.loads(Path(runs_file).read_text())]
        Path(out_file).write_text(json.dumps(found))
    finally:
        home.remove()


def run(home: PrivateHome, dag_id: str, conf: dict) -> dict:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.asset import AssetEvent
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    bag = DagBag(str(home.project / "dags"))
    assert not bag.import_errors, bag.import_errors
    dag_run = bag.dags[dag_id].test(run_conf=conf)
    with create_session() as session:
        xcom = session.execute(
            XComModel.get_many(run_id=dag_run.run_id, key="return_value", task_ids="publish_summary")
            .with_only_columns(XComModel.value)
            .order_by(None)
        ).scalar()
        events = session.scalars(select(AssetEvent).where(AssetEvent.source_run_id == dag_run.run_id)).all()
        return {
            "run_id": dag_run.run_id,
            "state": str(dag_run.state),
            "tasks": {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances(session=session)},
            "asset_events": [{"uri": event.asset.uri, "extra": event.extra} for event in events],
            "summary": json.loads(xcom) if isinstance(xcom, str) else xcom,
        }


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    # Airflow leaves the threads of its in-process API behind.
    os._exit(0)
