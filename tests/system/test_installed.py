"""The built wheel in an Airflow of its own: `streamproof init`, and the DAG from a folder that is no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.engine]

INSTALL_SEC, RUN_SEC = 600, 600
UV = Path(sys.executable).with_name("uv")


def checked(command: list[object], timeout: int, **options) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    return ended.stdout


@pytest.fixture(scope="module")
def installed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment, into which the wheel was installed with Airflow's pins as constraints."""
    folder = tmp_path_factory.mktemp("installed")
    checked([UV, "build", "--quiet", "--wheel", "--out-dir", folder / "dist", home], INSTALL_SEC)
    [wheel] = (folder / "dist").glob("*.whl")
    checked([UV, "venv", "--quiet", "--python", sys.executable, folder / "env"], INSTALL_SEC)
    pins = folder / "constraints.txt"
    locked = (home / "requirements.txt").read_text().splitlines()
    # A constraints file has no hashes.
    named = [line.split(" ")[0] for line in locked if "==" in line and not line.startswith((" ", "#"))]
    pins.write_text("\n".join(named))
    command = [UV, "pip", "install", "--quiet", "--python", folder / "env/bin/python", "--constraint", pins, wheel]
    checked(command, INSTALL_SEC)
    return folder / "env/bin"


@pytest.fixture
def environment(tmp_path: Path, cache_dir: Path) -> dict[str, str]:
    """An empty Airflow, and nothing that names a checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STREAMPROOF_", "PYTHON"))}
    return {
        **kept,
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": str(cache_dir.parent),
    }


def test_the_dag_runs_from_an_empty_folder(installed, environment, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    options = {"env": environment, "cwd": work}
    checked([installed / "streamproof", "init", environment["AIRFLOW_HOME"]], 60, **options)
    checked([installed / "airflow", "db", "migrate"], RUN_SEC, **options)
    plugins = json.loads(checked([installed / "airflow", "plugins", "-o", "json"], 120, **options))
    assert "streamproof" in {plugin["name"] for plugin in plugins}

    conf = json.dumps({"manifest": "golden", "mode": "smoke"})
    checked([installed / "airflow", "dags", "test", "streamproof_run", "--conf", conf], RUN_SEC, **options)

    [run] = (tmp_path / "state/streamproof/test-runs").iterdir()
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["verdict"], summary["pack"], summary["mode"]) == ("passed", "livepeer", "smoke")
    assert summary["checks"]["passed"] > 200
    assert (run / "report.html").stat().st_size
    assert list(work.iterdir()) == []


def test_the_command_line_runs_without_a_checkout(installed, environment, tmp_path):
    command = [installed / "streamproof", "pack", "list", "--json"]
    [pack] = json.loads(checked(command, 60, env=environment, cwd=tmp_path))["packs"]
    assert (pack["name"], pack["default"], "golden" in pack["fixture_sets"]) == ("livepeer", True, True)
    assert Path(pack["file"]).is_relative_to(installed.parent)
    # What installs Flink on first demand.
    assert (Path(pack["file"]).parents[3] / "requirements-flink.txt").is_file()
