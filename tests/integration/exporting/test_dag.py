"""The DAG `streamproof_export` exports the database of a connection, and says why it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine
DRIVE = Path(__file__).resolve().parents[2] / "support" / "drive_dag.py"


def test_a_set_a_window_without_sessions_and_an_unknown_option(load, pipeline, home, tmp_path):
    run = load("golden")
    window, out = run.ctx.window.as_json(), tmp_path / "sets" / "one"
    confs = [
        {**window, "out": str(out), "options": {"capability_unrelated_rows": 1}},
        {"lookback_hours": 1, "out": str(tmp_path / "sets" / "two")},
        {**window, "options": {"bogus": 1}},
    ]
    (tmp_path / "confs.json").write_text(json.dumps(confs))
    project = tmp_path / "project"
    project.mkdir()
    for name in ("dags", "include", "plugins"):
        (project / name).symlink_to(home / name)
    settings = pipeline.settings.using(run.ctx.names.database)
    connection = {
        **{"conn_type": "clickhouse", "host": settings.host, "port": settings.port, "login": settings.user},
        "schema": settings.database,
    }
    environ = {
        **os.environ,
        "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(connection),
        "STREAMPROOF_HOME": str(project),
        "STREAMPROOF_REDACTION_KEY": "a key of enough characters",
    }
    told = tmp_path / "told.json"
    command = [sys.executable, str(DRIVE), "streamproof_export", str(tmp_path / "confs.json"), str(told)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert told.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads(told.read_text())
    assert [each["state"] for each in found] == ["success", "failed", "failed"], done.stdout[-5000:]

    report = found[0]["xcom"]["export/return_value"]
    manifest = json.loads((out / "manifest.json").read_text())
    assert report["manifest"] == str(out / "manifest.json")
    # A session that shows two scenarios is named under both, with one file.
    files = {session["file"] for entry in manifest["scenarios"].values() for session in entry["sessions"]}
    assert report["sessions"] == len(files) == 13
    assert manifest["metadata"]["redacted"] is True
    assert manifest["metadata"]["options"]["capability_unrelated_rows"] == 1
    assert "Nothing of any scenario begins in the window" in done.stdout + done.stderr
    assert "No such option: --bogus" in done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "sets").iterdir()] == ["one"]
