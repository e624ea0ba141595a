"""The one-process runner's parts that need no Airflow run: its private home, its arguments, its watcher, its words."""

from __future__ import annotations

import io
import os
import sqlite3
from types import SimpleNamespace

import orjson
import pytest
from rich.console import Console

from streamproof.airflow import one_run
from streamproof.airflow.private_home import PrivateHome
from streamproof.airflow.watcher import RunWatcher
from streamproof.model.results import Status


@pytest.fixture
def private_home(tmp_path):
    return PrivateHome.create(tmp_path)


def task(task_id: str, stage: str | None = None, run_id: str = "manual__1"):
    return SimpleNamespace(task_id=task_id, dag_id="streamproof_run", run_id=run_id, task=SimpleNamespace(stage=stage))


class RecordedProgress:
    def __init__(self) -> None:
        self.events = []

    def on_event(self, stage, result) -> None:
        self.events.append((stage, result))


class TestPrivateHome:
    def test_the_environment_is_its_own(self, private_home, tmp_path):
        env = private_home.environment()

        assert env["AIRFLOW_HOME"] == str(private_home.root)
        assert str(private_home.database) in env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
        assert env["AIRFLOW__CORE__DAGS_FOLDER"] == str(tmp_path / "dags")
        assert env["STREAMPROOF_OWNER"].split()[0] == str(os.getpid())

    def test_a_kept_database_is_copied_not_shared(self, private_home):
        private_home.template.parent.mkdir(parents=True)
        with sqlite3.connect(private_home.template) as database:
            database.execute("CREATE TABLE t (x)")

        private_home.migrate()

        with sqlite3.connect(private_home.database) as database:
            assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
        assert private_home.database != private_home.template

    def test_homes_of_processes_that_are_gone_are_cleared(self, private_home, tmp_path):
        gone = private_home.root.with_name("run-999999999")
        gone.mkdir()

        again = PrivateHome.create(tmp_path)

        assert not gone.exists()
        assert again.root.exists()
        again.remove()
        assert not again.root.exists()


class TestWatcher:
    def test_a_stage_is_shown_once_from_start_to_end(self, monkeypatch, tmp_path, make_run, result):
        monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path / "runs"))
        folder, _ = make_run()
        folder.write_stage(result("pipeline_wait"))
        progress, called = RecordedProgress(), []
        watcher = RunWatcher(progress, on_stack_up=lambda: called.append(1))

        watcher.on_task_instance_running(None, task("pipeline_wait", "pipeline_wait", "r1"))
        watcher.on_task_instance_running(None, task("pipeline_wait", "pipeline_wait", "r1"))  # after its deferral
        watcher.on_task_instance_success(None, task("pipeline_wait", "pipeline_wait", "r1"))

        assert progress.events == [("pipeline_wait", None), ("pipeline_wait", folder.read_stage("pipeline_wait"))]
        assert called == []

    def test_mapped_tasks_are_shown_by_their_stage(self):
        progress = RecordedProgress()

        RunWatcher(progress, on_stack_up=lambda: None).on_task_instance_running(None, task("assert_suite", "assert_x"))

        assert progress.events == [("assert_x", None)]

    def test_the_start_of_the_stack_is_reported(self):
        called = []

        RunWatcher(RecordedProgress(), on_stack_up=lambda: called.append(1)).on_task_instance_running(
            None, task("stack_up", "stack_up")
        )

        assert called == [1]

    def test_why_planning_failed_is_kept(self, monkeypatch, tmp_path):
        monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
        progress = RecordedProgress()
        watcher = RunWatcher(progress, on_stack_up=lambda: None)

        watcher.on_task_instance_failed(None, task("plan_run"), ValueError("no such manifest"))

        assert watcher.plan_error == "no such manifest"
        assert progress.events[0][1].status is Status.ERRORED

    def test_a_skipped_task_is_shown_as_skipped(self, monkeypatch, tmp_path):
        monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
        progress = RecordedProgress()

        RunWatcher(progress, on_stack_up=lambda: None).on_task_instance_skipped(None, task("inject", "inject"))

        assert progress.events[0][1].status is Status.SKIPPED


class TestTell:
    @pytest.fixture
    def outcome(self, monkeypatch, tmp_path, private_home):
        monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
        private_home.log.write_text("noise")
        said = io.StringIO()

        def tell(dag_run_id, problem=None):
            code = one_run._show_result(Console(file=said, soft_wrap=True), private_home, dag_run_id, problem)
            return code, said.getvalue()

        return tell

    def test_bad_arguments_are_2(self, outcome):
        code, said = outcome("manual__1", "There is no suite x. It has: y.")

        assert code == 2
        assert "no suite x" in said

    def test_a_dag_that_does_not_load_is_3(self, outcome):
        assert outcome(None, "it does not load")[0] == 3

    def test_no_verdict_is_3_and_names_airflows_log(self, outcome, tmp_path):
        (tmp_path / "manual__1").mkdir()

        code, said = outcome("manual__1")

        assert code == 3
        assert (tmp_path / "manual__1" / "airflow.log").read_text() == "noise"
        assert str(tmp_path / "manual__1" / "airflow.log") in said

    @pytest.mark.parametrize(("verdict", "code"), [("passed", 0), ("failed", 1), ("error", 3)])
    def test_a_verdict_is_its_exit_code(self, outcome, tmp_path, monkeypatch, verdict, code):
        (tmp_path / "manual__1").mkdir()
        (tmp_path / "manual__1" / "summary.json").write_bytes(orjson.dumps({"verdict": verdict}))
        shown = []
        monkeypatch.setattr(one_run, "show_verdict", lambda console, summary: shown.append(summary["verdict"]))

        assert outcome("manual__1")[0] == code
        assert shown == [verdict]


def test_paths_are_the_callers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.json").touch()

    conf = one_run._with_absolute_paths({"pack": "packs/mine", "inject": "x.sql", "manifest": "m.json"})

    assert conf == {name: str(tmp_path / path) for name, path in (
        ("pack", "packs/mine"), ("inject", "x.sql"), ("manifest", "m.json"),
    )}  # fmt: skip
    names = {"pack": "livepeer", "inject": None, "manifest": "golden"}
    assert one_run._with_absolute_paths(names) == names


def test_output_goes_to_the_log_and_comes_back(tmp_path, capfd):
    log = tmp_path / "log"

    with one_run._output_to(log):
        os.write(1, b"noise\n")
        os.write(2, b"more noise\n")
    print("words")

    assert capfd.readouterr().out == "words\n"
    assert set(log.read_text().splitlines()) == {"noise", "more noise"}
