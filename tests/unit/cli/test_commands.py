"""Commands that work, as far as they do without services."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from streamproof import __version__
from streamproof.model.errors import StackError
from streamproof.model.results import StageResult, Status
from streamproof.model.stack import ProcessIdentity, StackState


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["run", "--help"], ["stack", "up", "--help"]])
def test_help_is_on_stdout(call, arguments):
    told = call(*arguments)
    assert told.code == 0
    assert told.out.startswith("Usage: ")
    assert told.err == ""


def test_every_command_has_json(call):
    commands = ["run", "diff", "trace", "session", "scenarios", "assert", "replay", "report", "setup", "history"]
    groups = [("stack", "up"), ("stack", "status"), ("stack", "down"), ("fixtures", "generate"), ("fixtures", "verify")]
    groups += [("fixtures", "redact"), ("fixtures", "select"), ("fixtures", "load")]
    for command in [(name,) for name in commands] + groups:
        assert "--json" in call(*command, "--help").out


def test_the_version_is_shown(call):
    assert call("--version").out == f"streamproof {__version__}\n"
    assert call("--version", "--json").document == {"version": __version__}


def test_help_needs_none_of_the_heavy_libraries():
    script = (
        "import sys; from streamproof.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'jinja2', 'pandas', 'clickhouse_connect', 'confluent_kafka', 'great_expectations', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_no_stack_is_no_error_and_down_is_idempotent(call):
    assert call("stack", "status", "--json").document == {"stacks": []}
    for _ in range(2):
        told = call("stack", "down", "--json")
        assert (told.code, told.document) == (0, {"stopped": []})


def test_a_stack_whose_supervisor_is_gone_is_shown_and_cleaned_up(call, project):
    folder = project / "artifacts/stacks/dev/stack"
    (folder / "data").mkdir(parents=True)
    gone = StackState("dev", "ready", ProcessIdentity(2**22 + 1, 1.0), "broker", "127.0.0.1:1", "127.0.0.1", 2, 3, "u")
    (folder / "state.json").write_text(json.dumps(gone.as_json()))
    facts = call("stack", "status", "--json").document["stacks"]
    assert [(stack["name"], stack["status"], stack["alive"]) for stack in facts] == [("dev", "gone", False)]
    assert "dev  gone  Kafka 127.0.0.1:1 (broker)" in call("stack", "status").out
    assert call("stack", "down", "--json").document == {"stopped": []}
    assert not (folder / "data").exists()
    assert call("stack", "status").out == "No stack is up.\n"
    assert call("stack", "status", "dev", "--json").document["stacks"][0]["status"] == "stopped"


def test_what_libraries_log_stays_off_the_screen(call, monkeypatch):
    def noisy(*_args, **_options):
        logging.getLogger("clickhouse_connect.driver").error("Unexpected Http Driver Exception")
        raise StackError("No broker.", hint="Start one.")

    monkeypatch.setattr("streamproof.runs.planning.plan_run", noisy)
    assert call("run").err == "Error: No broker.\nHint: Start one.\n"


def test_a_dry_replay_says_what_it_would_publish(call):
    told = call("replay", "--dry-run", "--json")
    assert told.code == 0
    assert told.document["dry_run"] is True
    assert sum(told.document["by_type"].values()) == told.document["events"] > 0
    assert "events would go to streaming_events" in call("replay", "--dry-run").out


def test_the_plan_of_a_replay_tells_span_duration_partitions_and_what_is_left_out(call):
    options = ("--speed", "60x", "--events", 100, "--partitions", 3, "--shift-to", "2026-06-01T00:30:00Z")
    plan = call("replay", "--dry-run", "--json", *options).document
    assert (plan["events"], plan["left_out_events"], plan["files"]) == (100, 129, 19)
    assert list(plan["by_partition"]) == ["0", "1", "2"]
    assert sum(plan["by_partition"].values()) == sum(plan["by_type"].values()) == 100
    assert plan["last_event"].startswith("2026-06-01T00:29:59.")
    assert plan["expected_sec"] * 60 == plan["span_sec"] > 0
    out = call("replay", "--dry-run", *options).out
    assert "31 min 05 s at 60x" in out
    assert "129  later events are left out" in out
    assert call("replay", "--dry-run", "--json").document["expected_sec"] is None


def test_generated_fixtures_verify(call, project):
    made = call("fixtures", "generate", "load", "--events", 300, "--out", project / "load", "--json")
    assert made.code == 0, made.err
    told = call("fixtures", "verify", made.document["manifest"], "--json")
    assert told.code == 0
    assert told.document["events"] == 300


def test_an_unreachable_warehouse_is_exit_3(refuses, project, monkeypatch):
    (project / "one.sql").write_text("-- TEST: one\nSELECT 0 AS failed_rows\n-- QUERY: two\nSELECT 1\n")
    monkeypatch.setenv("CH_HOST", "127.0.0.1")
    monkeypatch.setenv("CH_PORT", "1")
    monkeypatch.setenv("CH_PASSWORD", "s3cret")
    files, window = ("--sql-file", project / "one.sql"), ("--lookback-hours", 1)
    for command in (("assert", *files), ("trace", *files), ("session", "a|b"), ("scenarios", *window)):
        told = refuses(*command, code=3)
        assert "127.0.0.1:1" in told
        assert "s3cret" not in told


def test_a_run_whose_stack_is_down_cannot_be_read(refuses, call, canned_run):
    canned_run("passed")
    call("run", "--run-id", "seven")
    for command in (("session", "a|b"), ("scenarios",), ("trace",)):
        assert "The stack of run seven is not up" in refuses(*command, "--run", "seven", code=3)


def test_a_run_of_another_pack_is_refused(refuses, call, canned_run, home):
    canned_run("passed")
    call("run", "--run-id", "eight")
    other = str(home / "tests/packs/orders")
    for command in (("session", "a|b"), ("event", "a"), ("scenarios",), ("trace",), ("dlq", "triage")):
        told = refuses(*command, "--run", "eight", "--pack", other, code=2)
        assert "Run eight is one of pack 'livepeer'" in told
        assert "not of 'orders'" in told


def test_a_defect_is_one_line_and_keeps_its_traceback(call, monkeypatch):
    def broken(*_args, **_options):
        raise ZeroDivisionError("a defect of ours")

    monkeypatch.setattr("streamproof.runs.planning.plan_run", broken)
    told = call("run", "--json")
    assert told.code == 3
    assert told.document["error"] == "Unexpected ZeroDivisionError: a defect of ours"
    path = told.document["hint"].partition("its traceback is in ")[2].removesuffix(".")
    assert "Traceback" in Path(path).read_text()
    assert "Traceback" not in told.err + told.out


def test_ctrl_c_is_exit_130(call, monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("streamproof.runs.planning.plan_run", interrupted)
    told = call("run", "--json")
    assert told.code == 130
    assert told.document["error"] == "Interrupted."


@pytest.fixture
def canned_run(monkeypatch):
    """Replace the stages: each ends at once, and the summary is of the given verdict."""

    def install(verdict: str):
        def run_all(ctx, stages, on_event, on_work):
            for stage in ctx.plan.planned_stages:
                on_event(stage, None)
                on_event(stage, StageResult(stage, Status.PASSED, "", "", 0.1))
            return {
                "verdict": verdict, "pack": ctx.plan.pack, "run_id": ctx.plan.run_id,
                "folder": ctx.plan.folder, "rerun": ctx.plan.rerun,
                "checks": {"total": 2, "passed": 1, "failed": 1}, "first_broken_layer": "typed", "duration_sec": 1.0,
                "failures": [{"suite": "raw_typed", "name": "broken", "failed_rows": 3, "diagnostics": {"id": "[x]"},
                              "sessions": ["a|b"], "layer": "typed", "source_file": "raw_typed/broken.sql"}],
                "error": None, "hint": None, "injected": None, "notices": [],
            }  # fmt: skip

        monkeypatch.setattr("streamproof.runs.runner.run_all", run_all)

    return install


@pytest.mark.parametrize(("verdict", "code"), [("passed", 0), ("failed", 1), ("error", 3)])
def test_a_run_leaves_with_its_verdict(call, canned_run, verdict, code):
    canned_run(verdict)
    told = call("run", "--json", "--run-id", "one")
    assert told.code == code
    assert told.document["verdict"] == verdict
    assert "pipeline_wait" in told.err


def test_a_run_shows_stages_failures_and_the_report(call, canned_run, project):
    canned_run("failed")
    told = call("run", "--run-id", "two")
    assert [line for line in told.err.splitlines() if "stack_up" in line]
    for part in ("✕ failed", "1 of 2 checks does not hold", "raw_typed.broken", "3 failed rows", "id=[x]", "a|b"):
        assert part in told.out
    assert str(project / "artifacts/test-runs/two/report.html") in told.out
    assert "rerun   streamproof run" in told.out
    plan = json.loads((project / "artifacts/test-runs/two/plan.json").read_text())
    assert plan["owner"]["pid"] > 0


def test_annotations_are_printed_beside_the_results(call, canned_run, project):
    (project / ".git").mkdir()
    (project / "raw_typed").mkdir()
    (project / "raw_typed/broken.sql").touch()
    canned_run("failed")
    told = call("run", "--run-id", "noted", "--annotations", "github")
    assert told.code == 1, told
    check = "::error file=raw_typed/broken.sql,line=1,title=raw_typed.broken%3A 3 failed rows::id=[x]"
    assert next(line for line in told.out.splitlines() if line.startswith("::")) == check
    told = call("run", "--run-id", "noted2", "--annotations", "github", "--json")
    assert told.document["verdict"] == "failed"
    assert check in told.err.splitlines()
    killed(project / "artifacts/test-runs/noted")
    told = call("report", "noted", "--annotations", "github")
    assert told.out.splitlines()[-1].startswith("::error title=streamproof livepeer%3A error::")


def test_a_look_back_becomes_the_window_of_the_plan(call, canned_run, project):
    canned_run("passed")
    call("run", "--run-id", "three", "--lookback-hours", 2)
    window = json.loads((project / "artifacts/test-runs/three/plan.json").read_text())["window"]
    assert window["from_ts"][:10] <= window["to_ts"][:10]


def test_the_mock_broker_is_announced_on_the_screen(call, canned_run):
    canned_run("passed")
    assert "MOCK broker" in call("run", "--run-id", "four", "--kafka", "mock").err


def test_a_run_id_that_is_taken_is_refused(refuses, call, canned_run):
    canned_run("passed")
    call("run", "--run-id", "five")
    assert "is already there" in refuses("run", "--run-id", "five")


def killed(folder, owner=(2**22 + 1, 0.0)):
    """Make the plan of a run without a summary that of a process that is gone, or of another one."""
    plan = json.loads((folder / "plan.json").read_text())
    plan["owner"] = owner and {"pid": owner[0], "started_at": owner[1]}
    (folder / "plan.json").write_text(json.dumps(plan))


def test_report_does_not_end_a_run_that_still_goes_on(call, canned_run, refuses, project):
    canned_run("passed")
    call("run", "--run-id", "eight")
    folder = project / "artifacts/test-runs/eight"
    before = sorted(folder.rglob("*"))

    assert "Run eight still goes on: " in refuses("report", "eight")
    killed(folder, owner=None)  # a run of Airflow has no process of its own, and its folder has just changed
    assert "Run eight still goes on: " in refuses("report", "eight")

    assert sorted(folder.rglob("*")) == before
    assert not (project / "artifacts/history/eight.json").exists()
    killed(folder)
    assert call("report", "eight").code == 0


def test_report_renders_a_run_again(call, canned_run, project):
    canned_run("passed")
    call("run", "--run-id", "six")
    folder = project / "artifacts/test-runs/six"
    killed(folder)
    told = call("report", "six")
    assert told.code == 0
    assert told.out.strip() == str(folder / "report.html")
    assert "Not judged" in (folder / "report.html").read_text()
    again = call("report", "latest", "--json").document
    assert again["report_html"] == str(folder / "report.html")
    assert again["verdict"] == "error"


def test_the_page_of_an_entity_needs_what_a_run_saved(call, canned_run, refuses):
    canned_run("passed")
    call("run", "--run-id", "seven")
    assert "Run seven has no saved content: " in refuses("report", "seven", "--entity", "a|1")
    assert "The id of the entity is blank." in refuses("report", "seven", "--entity", " ")
    both = refuses("report", "seven", "--entity", "a|1", "--annotations", "github")
    assert "The page of an entity has no annotations." in both


def test_a_set_is_redacted_and_promoted(call, tmp_path, monkeypatch):
    told = call("fixtures", "redact", "golden", "--out", tmp_path / "sets/one")
    assert (told.code, told.out.strip()) == (0, str(tmp_path / "sets/one/manifest.json"))
    assert "the key was random" in told.err
    monkeypatch.setenv("STREAMPROOF_REDACTION_KEY", "a secret of 16 characters")
    told = call("fixtures", "redact", "golden", "--out", tmp_path / "sets/two", "--json")
    assert (told.code, told.document["random_key"], told.document["problems"]) == (0, False, [])
    assert "a secret of" not in told.out + told.err
    stable = tmp_path / "stable.json"
    told = call("fixtures", "select", "--source", tmp_path / "sets", "--output", stable, "--enforce-overlap", "--json")
    assert (told.code, told.document["dropped"], told.document["sessions"]) == (0, [], 19)
    assert call("fixtures", "verify", stable, "--strict").code == 0
