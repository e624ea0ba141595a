"""The page's app without an Airflow: who asks, and where the runs are, is given by the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from streamproof.airflow.page.access import current_reader
from streamproof.airflow.page.app import make_app
from streamproof.airflow.page.finding import page_settings
from streamproof.airflow.settings import read_settings
from streamproof.history.entries import CheckEntry, RunEntry

BROWSER = {"accept": "text/html,application/xhtml+xml"}
ALL = None


@dataclass
class Reader:
    """A user who may read these DAGs; ALL stands for all of them."""

    dags: set[str | None]
    logs: bool = True

    def may_read(self, dag_id: str | None) -> bool:
        return ALL in self.dags or dag_id in self.dags

    def may_read_logs(self, dag_id: str | None) -> bool:
        return self.logs and self.may_read(dag_id)


def plan_of(run_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "run_id": run_id, "pack": "livepeer", "mode": "full", "created_at": "2026-03-01T02:15:00.000Z",
        "stages": [{"name": "stack_up"}, {"name": "assert_raw_typed"}], "dag_id": "", "dag_run_id": "", **changes,
    }  # fmt: skip


def summary_of(run_id: str, verdict: str = "passed", **changes: Any) -> dict[str, Any]:
    failed = int(verdict == "failed")
    failures = [{"suite": "raw_typed", "name": "counts", "failed_rows": 3, "diagnostics": {"missing": 3}}]
    return {
        "run_id": run_id, "pack": "livepeer", "mode": "full", "verdict": verdict, "error": None, "hint": None,
        "checks": {"total": 20, "passed": 20 - failed, "failed": failed}, "failures": failures * failed,
        "first_broken_layer": "typed" if failed else None, "git_commit": "ab12", "rerun": "streamproof run",
        "started_at": "2026-03-01T02:15:01.000Z", "duration_sec": 75.0, "dag_run": None, **changes,
    }  # fmt: skip


def entry_of(run_id: str, verdict: str = "passed", **changes: Any) -> RunEntry:
    check = CheckEntry("failed" if verdict == "failed" else "passed", 0.5, int(verdict == "failed"), {"missing": 3.0})
    values: dict[str, Any] = {
        "run_id": run_id, "pack": "livepeer", "mode": "full", "verdict": verdict, "git_commit": "ab12",
        "fixture_sha256": "cd34", "stack": "local", "processor": "local", "started_at": "2026-03-01T02:15:01.000Z",
        "ended_at": "2026-03-01T02:16:16.000Z", "duration_sec": 75.0, "first_broken_layer": None, "injected": False,
        "checks_total": 20, "checks_failed": int(verdict == "failed"), "stages": {"stack_up": 2.0},
        "checks": {"raw_typed.counts": check}, **changes,
    }  # fmt: skip
    return RunEntry(**values)


@dataclass
class Site:
    """The page for a reader, and the folder of runs that it shows."""

    artifacts: Path
    reader: Reader
    client: TestClient

    def add(self, run_id: str, verdict: str | None = "passed", *, at: str = "2026-03-01", **changes: Any) -> Path:
        """Write a run: its plan, and unless `verdict` is None, its summary and its entry in the history."""
        folder = self.artifacts / run_id
        folder.mkdir(parents=True)
        plan = {name: value for name, value in changes.items() if name in ("dag_id", "dag_run_id", "pack", "mode")}
        self._write(folder / "plan.json", plan_of(run_id, **plan, created_at=f"{at}T02:15:00.000Z"))
        if verdict is not None:
            of_pack = {"pack": changes.get("pack", "livepeer"), "started_at": f"{at}T02:15:01.000Z"}
            self._write(folder / "summary.json", summary_of(run_id, verdict, **of_pack))
            (folder / "report.html").write_text("<title>the report</title>")
            self.remember(run_id, verdict, dag_id=changes.get("dag_id", ""), **of_pack)
        return folder

    def remember(self, run_id: str, verdict: str = "passed", **changes: Any) -> None:
        """Write an entry of the history, without a run's folder."""
        (self.artifacts / "history").mkdir(parents=True, exist_ok=True)
        entry = {"format": 1, **asdict(entry_of(run_id, verdict, **changes))}
        self._write(self.artifacts / "history" / f"{run_id}.json", entry)

    def get(self, path: str, *, status: int = 200) -> str:
        """Return the page at a path, as a browser asks for it."""
        answer = self.client.get(path, headers=BROWSER)
        assert answer.status_code == status, answer.text
        return answer.text.replace("<wbr>", "")

    @staticmethod
    def _write(path: Path, document: object) -> None:
        path.write_text(json.dumps(document, default=dict))


@pytest.fixture
def make_site(home: Path, tmp_path: Path) -> Callable[..., Site]:
    """The function that returns the page for a user who may read these DAGs, all if none is named."""

    def of(*dags: str, artifacts: Path = tmp_path / "runs") -> Site:
        settings = read_settings({"STREAMPROOF_HOME": str(home), "STREAMPROOF_ARTIFACTS": str(artifacts)})
        reader = Reader(set(dags) or {ALL})
        app = make_app()
        app.dependency_overrides[current_reader] = lambda: reader
        app.dependency_overrides[page_settings] = lambda: settings
        return Site(artifacts, reader, TestClient(app, raise_server_exceptions=True))

    return of


@pytest.fixture
def site(make_site) -> Site:
    """The page for a user who may read every DAG."""
    return make_site()
