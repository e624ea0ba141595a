"""A pack without Kafka and ClickHouse, through its own DAG and the one that proves.

One run works on a PostgreSQL that runs already; the others start their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from streamproof.model.settings import WarehouseSettings
from streamproof.postgres.temporary import temporary_server
from streamproof.runs.folder import RunFolder

from .conftest import ALERT_TO, MailSink, body_of, processes_naming
from .test_dag_run import run_dags

pytestmark = pytest.mark.system

DAG_ID, PROVE = "streamproof_run_market", "streamproof_prove"
PASSWORD = "s3cret-postgres"
# What a run that serves files has nothing to do for, or was not asked for.
NOT_ASKED_FOR = {"inject", "warehouse_check"}
LOSE_A_TRADE = "DELETE FROM trades_data WHERE ts_recv_ns = (SELECT min(ts_recv_ns) FROM trades_data);"


@pytest.fixture(scope="module")
def server() -> Iterator[WarehouseSettings]:
    """A PostgreSQL with a user that may create databases, and nothing else."""
    with temporary_server() as found:
        with _connected(found) as connection:
            connection.execute(f"CREATE ROLE runner LOGIN CREATEDB PASSWORD '{PASSWORD}'")
        yield found


def _connected(server: WarehouseSettings) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=server.host, port=server.port, user=server.user, password=server.password, dbname="postgres",
        autocommit=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, server: WarehouseSettings) -> Iterator[dict[str, Any]]:
    """What became of each run, and the mails that were sent. One Airflow makes all runs: its start takes as long."""
    folder = tmp_path_factory.mktemp("market")
    lost = folder / "lose_a_trade.sql"
    lost.write_text(LOSE_A_TRADE)
    asked = {
        "hostile": (DAG_ID, {"manifest": "hostile", "stack": "external"}),
        "lost": (DAG_ID, {"manifest": "golden", "inject": str(lost)}),
        "proved": (PROVE, {"pack": "market", "suites": ["consistency"], "coverage": "none"}),
    }
    connection = {
        "conn_type": "postgres", "host": server.host, "port": server.port, "login": "runner", "password": PASSWORD,
        "schema": "postgres",
    }  # fmt: skip
    sink = MailSink()
    sink.start()
    try:
        env = {**sink.environment(), "AIRFLOW_CONN_POSTGRES_DEFAULT": json.dumps(connection)}
        found = run_dags(list(asked.values()), folder / "runs", env)
        yield {**dict(zip(asked, found, strict=True)), "mails": sink.mails, "folder": folder}
    finally:
        sink.stop()
    assert processes_naming(folder) == []


def test_the_hostile_set_passes_on_the_warehouse_that_the_connection_names(runs, server):
    ran = runs["hostile"]
    assert ran["state"] == "success", ran
    assert ran["summary"]["verdict"] == "passed"
    assert ran["summary"]["fixture"]["manifest"].endswith("hostile/manifest.json")
    assert ran["summary"]["stack"]["name"] == "external"
    assert {task for task, state in ran["tasks"].items() if state != "success"} == NOT_ASKED_FOR
    [event] = ran["asset_events"]
    assert event["uri"] == "streamproof://market/verified"
    assert event["extra"]["rungs"] == ran["summary"]["rungs"]
    assert {"judged", "drained"} <= set(ran["summary"]["rungs"])
    assert (Path(ran["summary"]["folder"]) / "report.html").is_file()
    with _connected(server) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'sp_%'").fetchall()
    assert left == []


def test_no_file_of_a_run_holds_the_password(runs):
    files = [path for path in (runs["folder"] / "runs").rglob("*") if path.is_file()]
    assert len(files) > 50
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []


def test_a_lost_trade_is_mailed_with_its_layer_and_the_stack_is_taken_down(runs):
    ran = runs["lost"]
    assert (ran["state"], ran["tasks"]["publish_summary"], ran["tasks"]["stack_down"]) == (
        "failed", "failed", "success",
    )  # fmt: skip
    assert ran["asset_events"] == []
    summary = ran["summary"]
    assert (summary["verdict"], summary["first_broken_layer"]) == ("failed", "typed")
    [mail] = runs["mails"]
    assert mail["To"] == ALERT_TO
    assert "typed" in mail["Subject"]
    assert all(failure["name"] in body_of(mail) for failure in summary["failures"])
    state = RunFolder(Path(summary["folder"])).read_stack_state()
    assert state is not None
    assert {service.name for service in state.services} == {"postgres", "source"}


def test_the_golden_set_passes_and_the_checks_of_a_suite_are_proved(runs):
    ran = runs["proved"]
    assert ran["state"] == "success", ran
    assert ran["summary"]["verdict"] == "passed"
    assert ran["summary"]["fixture"]["manifest"].endswith("golden/manifest.json")
    assert ran["tasks"]["prove"] == "success"
    proof = json.loads((Path(ran["summary"]["folder"]) / "prove.json").read_text())
    assert proof["survivors"] == []
    assert proof["proved"] == proof["checks"] > 0
