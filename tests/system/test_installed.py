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


def run(command: list[object], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever its code."""
    return subprocess.run(
        command, capture_output=True, text=True, timeout=RUN_SEC, check=False, env=environment, cwd=folder
    )


def uv_cache() -> str:
    """Where uv keeps what it has fetched on this machine."""
    return checked([UV, "cache", "dir"], 60).strip()


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
    values = "base='', airflow='', message='a problem', hint='', login=''"
    page = f"from streamproof.airflow.page.templating import render; print(render('problem.html.j2', {values}))"
    assert "<h1>a problem</h1>" in checked([installed / "python", "-c", page], 60, **options)

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
    pack, *others = json.loads(checked(command, 60, env=environment, cwd=tmp_path))["packs"]
    assert (pack["name"], pack["default"], "golden" in pack["fixture_sets"]) == ("livepeer", True, True)
    assert [other["name"] for other in others] == ["market"]
    assert Path(pack["file"]).is_relative_to(installed.parent)
    # What installs Flink on first demand.
    assert (Path(pack["file"]).parents[3] / "requirements-flink.txt").is_file()


def test_a_pack_installs_what_it_needs_when_it_is_first_run(installed, environment, tmp_path):
    """Of the environment nothing changes; the second command finds the packages in the cache, without an index."""
    cold = {**environment, "XDG_CACHE_HOME": str(tmp_path / "cache"), "UV_CACHE_DIR": str(uv_cache())}
    python = installed / "python"
    before = checked([UV, "pip", "freeze", "--python", python], 60)
    assert "databento" not in before
    offline = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_CACHE_DIR": str(tmp_path / "empty")}
    refused = run(
        [installed / "streamproof", "run", "--pack", "market"], {**cold, **offline, "UV_HTTP_RETRIES": "0"}, tmp_path
    )
    assert refused.returncode == 3
    assert "Error: What pack 'market' needs could not be installed: " in refused.stderr
    assert "UV_DEFAULT_INDEX" in refused.stderr.splitlines()[-1]

    ended = run([installed / "streamproof", "run", "--json", "--pack", "market"], cold, tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["verdict"] == "passed"
    assert "Installing 10 packages of pack 'market', once: " in ended.stderr
    assert "databento 0.87.0" in ended.stderr
    [folder] = (tmp_path / "cache/streamproof/packs").glob("market-*")
    # Pandas is in the environment.
    assert (folder / "databento").is_dir()
    assert not (folder / "pandas").exists()
    assert checked([UV, "pip", "freeze", "--python", python], 60) == before

    again = run(
        [installed / "streamproof", "fixtures", "verify", "golden", "--pack", "market"], {**cold, **offline}, tmp_path
    )
    assert (again.returncode, "Installing" in again.stderr) == (0, False)
