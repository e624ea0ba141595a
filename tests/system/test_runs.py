"""Runs that pass, runs that must fail, and runs beside each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.system

SUMMARY_KEYS = [
    "run_id", "pack", "mode", "verdict", "window", "stack", "git_commit", "fixture", "results", "checks", "failures",
    "first_broken_layer", "rerun",
]  # fmt: skip
STAGES = [
    "stack_up", "schema_apply", "pipeline_ready", "replay_events", "pipeline_wait", "query_pack", "assert_raw_typed",
    "assert_pipeline", "assert_api", "assert_scenarios", "assert_operations", "contracts", "conservation", "oracle",
    "publish_summary", "stack_down",
]  # fmt: skip


def stage(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / "stages" / f"{name}.json").read_text())


def test_two_golden_runs_at_once_pass_and_leave_every_artifact(cli, home):
    processes = [cli.start("run", "--json", "--run-id", name) for name in ("left", "right")]
    ended = [(process.communicate(timeout=300), process.returncode) for process in processes]
    assert [code for _, code in ended] == [0, 0], ended
    summaries = [json.loads(out) for (out, _), _ in ended]
    assert len({summary["stack"]["bootstrap_servers"] for summary in summaries}) == 2
    for summary in summaries:
        assert_every_artifact(cli.folder(summary), summary, home)
    diff = cli("diff", "left", "right", "--json")
    assert (diff.code, diff.json["equal"], diff.json["differences"]) == (0, True, []), diff.stdout
    assert diff.json["tables"] == summaries[0]["content"]["tables"] > 30
    assert diff.json["rows_a"] == diff.json["rows_b"] > 1000


def assert_every_artifact(folder: Path, summary: dict[str, Any], home: Path) -> None:
    """The summary of a passed golden run is whole, and its folder holds everything that the design names."""
    assert summary["verdict"] == "passed"
    assert [key for key in SUMMARY_KEYS if key not in summary] == []
    assert [result["stage"] for result in summary["results"]] == STAGES
    assert {result["status"] for result in summary["results"]} == {"passed"}
    assert summary["checks"]["failed"] == summary["checks"]["errored"] == summary["checks"]["skipped"] == 0
    assert summary["checks"]["passed"] > 200
    assert summary["stack"]["kafka"] == "broker"
    assert json.loads((folder / "summary.json").read_text()) == summary
    names = ("harness.log", "report.md", "report.html", "stages/query_pack.json", "stages/replay_events.log")
    assert [name for name in names if not (folder / name).stat().st_size] == []
    cases = ElementTree.parse(folder / "junit.xml").getroot().iter("testcase")
    assert len(list(cases)) >= summary["checks"]["passed"]
    shipped = {file.stem for file in (home / "include" / "contracts" / "livepeer").glob("*.yaml")}
    assert {file.stem for file in (folder / "contracts").glob("*.json")} == shipped
    assert not (folder / "stack" / "data").exists()
    replay = stage(folder, "replay_events")["details"]
    assert replay["published"] == replay["acknowledged"] == summary["fixture"]["events"]


def test_hostile_passes_with_every_reject_where_it_belongs(cli):
    ended = cli.run("--manifest", "hostile")
    assert ended.code == 0, ended.stderr
    folder = cli.folder(ended.json)
    expected = stage(folder, "replay_events")["details"]["expected"]
    assert all(sum(expected[kind].values()) > 0 for kind in ("dlq", "quarantine", "ignored"))
    planted = {check["name"]: check for check in stage(folder, "conservation")["checks"]}[
        "conservation_planted_outcomes_met"
    ]
    assert planted["status"] == "passed"


def test_smoke_takes_one_session_of_each_scenario_and_its_report_is_rendered_again(cli):
    ended = cli.run("--mode", "smoke")
    assert ended.code == 0, ended.stderr
    folder = cli.folder(ended.json)
    by_scenario = stage(folder, "replay_events")["details"]["by_scenario"]
    assert len(by_scenario) == 5
    page = folder / "report.html"
    page.unlink()
    rendered = cli("report", ended.json["run_id"], "--json")
    assert rendered.code == 0, rendered.stderr
    assert page.stat().st_size


def assert_diagnosed(diagnostics: Path, summary: dict[str, Any]) -> None:
    """Each session that a failed check names is traced through all layers and linked; records and offsets are there."""
    kept = {path.stem: json.loads(path.read_text()) for path in diagnostics.glob("*.json")}
    assert len(kept["failing_checks"]) == len(summary["failures"])
    assert {at["behind"] for at in kept["offsets"]["processor"]["partitions"].values()} == {0}
    assert kept["offending_records"]["records"] > 0
    assert kept["offending_records"]["tables"]["replay_ledger"]
    named = {session for failure in summary["failures"] for session in failure["sessions"]}
    index = json.loads((diagnostics / "sessions" / "index.json").read_text())
    assert named == set(index["traced"])
    report, short = ((diagnostics.parent / name).read_text() for name in ("report.html", "report.md"))
    pages = json.loads((diagnostics.parent / "entities" / "index.json").read_text())["pages"]
    assert named <= set(pages)
    for session, files in index["traced"].items():
        trace = json.loads((diagnostics.parent / files["json"]).read_text())
        assert {entry["layer"] for entry in trace["layers"] if entry["rows"]} >= {"raw", "typed", "silver", "sessions"}
        assert (diagnostics.parent / files["text"]).read_text().splitlines()[1].startswith(f"Session {session} ")
        assert f'href="{pages[session]}"' in report
        assert f"({files['text']})" in short


# Each breaks another table at another record, so that one run shows them all.
BROKEN = {
    "conservation_named_rows_exist": "DELETE FROM stream_trace_events "
    "WHERE source_offset = (SELECT max(source_offset) FROM stream_trace_events)",
    "conservation_no_unnamed_rows": "INSERT INTO ai_stream_events "
    "(stream_id, raw_event_uid, source_topic, source_offset) "
    "SELECT 'ghost', 'ghost', source_topic, 10 FROM ai_stream_events LIMIT 1",
    "conservation_every_record_has_one_disposition": "DELETE FROM record_dispositions WHERE source_offset = 3",
    "conservation_every_record_once_in_raw": "DELETE FROM streaming_events WHERE source_offset = 4",
}


def test_a_broken_pipeline_fails_by_the_name_of_each_fault(cli, tmp_path):
    script = tmp_path / "break.sql"
    script.write_text(";\n".join(BROKEN.values()))
    ended = cli.run("--inject", str(script))
    assert ended.code == 1, ended.stderr
    summary = ended.json
    assert summary["verdict"] == "failed"
    assert BROKEN.keys() <= {failure["name"] for failure in summary["failures"]}
    assert summary["injected"]
    assert summary["first_broken_layer"] == "raw"
    assert summary["results"][-1]["stage"] == "stack_down"
    folder = cli.folder(summary)
    assert_diagnosed(folder / "diagnostics", summary)
    pages = [(folder / name).read_text() for name in ("report.html", "report.md", "junit.xml")]
    for check in BROKEN:
        assert all(check in page.replace("<wbr>", "") for page in pages)


def test_the_mock_broker_says_so_loudly(cli):
    ended = cli.run("--kafka", "mock", "--mode", "smoke")
    assert ended.code == 0, ended.stderr
    summary = ended.json
    assert summary["stack"]["kafka"] == "mock"
    assert any("MOCK" in notice for notice in summary["notices"])
    assert "MOCK" in ended.stderr
    assert "MOCK" in (cli.folder(summary) / "report.html").read_text()
