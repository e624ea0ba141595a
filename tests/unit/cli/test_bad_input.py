"""Everything that a user can get wrong: exit 2, one message, one hint, and nothing started or written."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(autouse=True)
def _nothing_is_written(project):
    yield
    assert not (project / "artifacts").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["frob"], "No such command 'frob'."),
        (["pack", "new"], "Missing argument 'NAME'."),
        (["pack", "new", "shop"], "A pack is made from one source."),
        (["pack", "new", "shop", "--events", "ghost.jsonl", "--from-topic", "t"], "A pack is made from one source."),
        (["pack", "new", "shop", "--events", "ghost.jsonl"], "ghost.jsonl cannot be read"),
        (["pack", "new", "shop", "--from-topic", "t"], "No Kafka is named."),
        (["pack", "new", "Shop!", "--events", "ghost.jsonl"], "'Shop!' is no name for a pack."),
        (["pack", "new", "livepeer", "--events", "ghost.jsonl"], "There is a pack 'livepeer' already"),
        (["pack", "new", "shop", "--events", "ghost.jsonl", "--processor", "x"], "There is no kind of processor 'x'"),
        (["fixtures", "import", "ghost.jsonl"], "Missing option '--out'."),
        (["fixtures", "import", "ghost.jsonl", "--out", "x"], "has scenarios, and none is named"),
        (["fixtures", "redact", "golden"], "Missing option '--out'."),
        (["fixtures", "redact", "golden", "--out", "/"], "/ is there already"),
        (["fixtures", "redact", "/ghost.json", "--out", "x"], "cannot be read"),
        (["fixtures", "select", "--source", "golden"], "Missing option '--output'."),
        (["fixtures", "select", "--source", "/ghost.json", "--output", "x"], "cannot be read"),
        (["fixtures", "select", "--source", "golden", "--output", "x", "--scenario", "s"], "has no scenario s"),
        (["fixtures", "load", "--manifest", "golden"], "Missing option '--database'."),
        (["fixtures", "load", "--manifest", "golden", "--database", "x"], "and no row of a table"),
        (["fixtures", "export"], "Missing option '--out'."),
        (["fixtures", "export", "--out", "x"], "No window is given."),
        (["fixtures", "export", "--out", "x", "--run", "ghost"], "There is no run 'ghost'"),
        (["fixtures", "export", "--out", "x", "--bogus"], "No such option: --bogus."),
        (["fixtures", "export", "--out", "x", "--bogus", "--lookback-hours", "1"], "No such option: --bogus."),
        (["fixtures", "export", "--out", "x", "more"], "Got unexpected extra argument (more)."),
        (["fixtures", "export", "--out", "x", "--limit-per-scenario", "0"], "Invalid value for '--limit-per-scenario'"),
        (["fixtures", "export", "--out", "x", "--capability-unrelated-rows"], "requires an argument"),
        (["diff", "ghost", "ghoul"], "There is no run 'ghost'"),
        (["run", "--bogus"], "No such option: --bogus."),
        (["run", "--lookback-hours", "soon"], "Invalid value for '--lookback-hours'"),
        (["run", "--pack", "ghost"], "There is no pack 'ghost'."),
        (["run", "--suites", "ghost"], "has no suite ghost"),
        (["run", "--suites", "raw_typed,ghost"], "has no suite ghost"),
        (["run", "--mode", "ghost"], "There is no mode 'ghost'."),
        (["run", "--stack", "ghost"], "There is no stack 'ghost'."),
        (["run", "--processor", "ghost"], "There is no processor 'ghost'."),
        (["run", "--kafka", "ghost"], "There is no kafka 'ghost'."),
        (["run", "--run-id", "../up"], "is not a run id"),
        (["run", "--inject", "ghost.sql"], "there is no file"),
        (["run", "--manifest", "/ghost/manifest.json"], "cannot be read"),
        (["run", "--from-ts", "2026-01-02", "--to-ts", "2026-01-01"], "The window is empty"),
        (["run", "--from-ts", "2026-01-01", "--to-ts", "2026-01-01"], "The window is empty"),
        (["run", "--from-ts", "2026-01-01"], "A window has two ends."),
        (["run", "--to-ts", "2026-01-01"], "A window has two ends."),
        (["run", "--from-ts", "tomorrow", "--to-ts", "2026-01-01"], "'tomorrow' is not an ISO-8601 time."),
        (["run", "--lookback-hours", "3", "--from-ts", "2026-01-01"], "exclude each other"),
        (["run", "--lookback-hours", "0"], "is no span of time"),
        (["run", "--lookback-hours", "-2"], "is no span of time"),
        (["run", "--lookback-hours", "inf"], "is no span of time"),
        (["run", "--lookback-hours", "nan"], "is no span of time"),
        (["run", "--lookback-hours", "1e300"], "is no span of time"),
        (["stack", "up", "--kafka-port", "99999"], "--kafka-port"),
        (["stack", "up", "--pack", "ghost"], "There is no pack 'ghost'."),
        (["stack", "up", "a/b"], "is not a run id"),
        (["stack", "up", "--stack", "external"], "There is no stack 'external' to start."),
        (["stack", "up", "--stack", "compose", "--state", "ghost"], "There is no --state 'ghost'."),
        (["stack", "up", "--stack", "compose", "--state", "reset"], "--state reset removes data."),
        (["stack", "up", "--stack", "compose", "--flink", "1"], "--flink is for a local stack."),
        (["stack", "up", "--flink", "17"], "--flink"),
        (["stack", "up", "--keep-data"], "A local stack keeps no data."),
        (["run", "--stack", "compose", "--kafka", "mock"], "Stack compose uses its own brokers."),
        (["stack", "prepare"], "No ClickHouse is named."),
        (["stack", "status", "ghost"], "There is no stack 'ghost'."),
        (["trace", "--sql-file", "ghost.sql"], "There is no file ghost.sql."),
        (["trace"], "asks for a window and none is given"),
        (["trace", "--pack", "ghost"], "There is no pack 'ghost'."),
        (["trace", "--format", "xml", "--lookback-hours", "1"], "--format"),
        (["trace", "--format", "csv", "--lookback-hours", "1"], "do not fit into one CSV"),
        (["trace", "--out", "rows", "--lookback-hours", "1"], "--out writes no tables"),
        (["trace", "--out", "include", "--format", "csv", "--lookback-hours", "1"], "include is there already."),
        (["run", "--annotations", "jira"], "--annotations"),
        (["trace", "--run", "ghost"], "There is no run 'ghost'"),
        (["session"], "Missing argument 'SID'."),
        (["session", "  "], "The session id is blank."),
        (["session", "a|b", "--run", "ghost"], "There is no run 'ghost'"),
        (["session", "a|b", "--run", "../up"], "There is no run '../up'"),
        (["session", "a|b", "--pack", "ghost"], "There is no pack 'ghost'."),
        (["session", "a|b", "--max-rows", "0"], "Invalid value for '--max-rows'"),
        (["scenarios"], "asks for a window and none is given"),
        (["scenarios", "--limit-per-scenario", "0"], "Invalid value for '--limit-per-scenario'"),
        (["scenarios", "--run", "ghost"], "There is no run 'ghost'"),
        (["assert"], "No assertion is named."),
        (["assert", "--sql-file", "ghost.sql"], "There is no file ghost.sql."),
        (["replay"], "No Kafka is named."),
        (["replay", "--dry-run", "--manifest", "/ghost.json"], "cannot be read"),
        (["replay", "--dry-run", "--scenario", "ghost"], "ghost"),
        (["replay", "--dry-run", "--speed", "fast"], "--speed fast is no speed"),
        (["replay", "--dry-run", "--shift-to", "soon"], "--shift-to: 'soon' is not an ISO-8601 time"),
        (["replay", "--dry-run", "--events", "0"], "Invalid value for '--events'"),
        (["replay", "--resume", "ghost"], "There is no replay ghost"),
        (["replay", "--resume", "../up"], "'../up' is not the id of a replay"),
        (["replay", "--resume", "ghost", "--events", "5"], "--events belongs to a new replay"),
        (["replay", "--run-id", "a/b", "--bootstrap", "127.0.0.1:1"], "'a/b' is not the id of a replay"),
        (["fixtures", "verify", "/ghost.json"], "cannot be read"),
        (["fixtures", "generate", "ghost"], "makes no set 'ghost'"),
        (["fixtures", "generate", "load"], "--events belongs to"),
        (["fixtures", "generate", "golden", "--events", "9"], "--events belongs to"),
        (["report"], "Missing argument 'RUN_ID'."),
        (["report", "ghost"], "There is no run 'ghost'"),
        (["report", "latest"], "There is no run 'latest'"),
    ],
)
def test_it_is_refused(refuses, arguments, message):
    assert message in refuses(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"), [(["run", "--mode"], "requires an argument"), (["stack"], "Missing command.")]
)
def test_an_unfinished_command_line_is_refused(call, arguments, message):
    told = call(*arguments)
    assert told.code == 2
    assert message in told.err.splitlines()[0]
    assert "\nHint: See `streamproof " in told.err


@pytest.mark.parametrize(
    ("name", "value", "command", "message"),
    [
        ("CH_PORT", "http", ["assert"], "CH_PORT is 'http'"),
        ("CH_PORT", "70000", ["assert"], "CH_PORT is '70000'"),
        ("CH_SECURE", "perhaps", ["assert"], "CH_SECURE is 'perhaps'"),
        ("STREAMPROOF_HOME", "/ghost", ["run"], "/ghost is not a streamproof project"),
    ],
)
def test_a_broken_environment_is_refused(refuses, project, monkeypatch, name, value, command, message):
    (project / "one.sql").write_text("-- TEST: one\nSELECT 0 AS failed_rows\n")
    monkeypatch.setenv(name, value)
    files = ["--sql-file", project / "one.sql"] if command == ["assert"] else []
    assert message in refuses(*command, *files)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1", "there is no block in this file"),
        (" -- TEST: one\nSELECT 1", "bad.sql:1"),
        ("-- TEST: one\nSELECT 1; SELECT 2", "bad.sql:1"),
        ("-- TEST: one\nSELECT 1\n-- TEST: one\nSELECT 2", "bad.sql:3"),
        ("-- QUERY: one\nSELECT 1", "There is no TEST block"),
    ],
)
def test_a_broken_assertion_file_is_refused_with_file_and_line(refuses, project, sql, message):
    (project / "bad.sql").write_text(sql)
    assert message in refuses("assert", "--sql-file", project / "bad.sql")


def test_a_folder_without_sql_a_bad_parameter_and_a_missing_folder_are_refused(refuses, project):
    (project / "empty").mkdir()
    (project / "one.sql").write_text("-- TEST: one\nSELECT 0 AS failed_rows\n")
    assert "There is no .sql file" in refuses("assert", "--sql-file", project / "empty")
    assert "is not NAME=VALUE" in refuses("assert", "--sql-file", project / "one.sql", "--param", "x")
    assert "There is no folder" in refuses("assert", "--sql-file", project / "one.sql", "--json-out", "/ghost/x.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("{}", "has no object 'scenarios'"),
        ('{"scenarios": {}}', "names no session"),
    ],
)
@pytest.mark.parametrize(
    "command", [["run", "--manifest"], ["fixtures", "verify"], ["replay", "--dry-run", "--manifest"]]
)
def test_a_broken_manifest_is_refused(refuses, project, command, content, message):
    (project / "manifest.json").write_text(content)
    assert message in refuses(*command, project / "manifest.json")


SCENARIO = "scenario_2_no_orchestrator_then_closed"


def _fixture_set(folder, lines, **session):
    (folder / "s.jsonl").write_text("".join(f"{line}\n" for line in lines))
    entry = {"workflow_session_id": "a|b", "stream_id": "a", "request_id": "b", "file": "s.jsonl", **session}
    window = {"from_ts": "2026-01-01T00:00:00Z", "to_ts": "2026-01-02T00:00:00Z"}
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"window": window, "scenarios": {SCENARIO: {"sessions": [entry]}}}))
    return manifest


GOOD = json.dumps({
    "__table": "streaming_events", "__scenario": SCENARIO, "__workflow_session_id": "a|b", "id": "e1",
    "type": "stream_trace", "timestamp": 1767225600000, "gateway": "g", "data": "{}",
})  # fmt: skip


@pytest.mark.parametrize("command", [["run", "--manifest"], ["replay", "--dry-run", "--manifest"]])
@pytest.mark.parametrize(
    ("lines", "session", "message"),
    [
        ([GOOD], {"file": "ghost.jsonl"}, "ghost.jsonl"),
        ([GOOD], {"file": "../s.jsonl"}, "outside the manifest's folder"),
        ([GOOD], {"sha256": "0" * 64}, "s.jsonl"),
        ([GOOD], {"sha256": "short"}, "64 hexadecimal digits"),
        ([GOOD, "{"], {}, "s.jsonl:2"),
    ],
)
def test_broken_fixture_files_are_refused(refuses, project, command, lines, session, message):
    assert message in refuses(*command, _fixture_set(project, lines, **session))


def test_fixtures_verify_lists_what_is_wrong_and_can_leave_lines_out(call, project):
    manifest = _fixture_set(project, [GOOD, "{", "nonsense"])
    told = call("fixtures", "verify", manifest, "--json")
    assert told.code == 2
    assert told.document["ok"] is False
    assert len(told.document["problems"]) == 2
    assert "s.jsonl:2" in told.err
    tolerated = call("fixtures", "verify", manifest, "--tolerate-bad-lines", "--json")
    assert tolerated.code == 0
    assert tolerated.document["ok"] is True
    assert len(tolerated.document["bad_lines"]) == 2
    assert "malformed" in " ".join(tolerated.document["notices"])


def test_a_key_of_redaction_that_can_be_guessed_is_refused(refuses, monkeypatch, tmp_path):
    monkeypatch.setenv("STREAMPROOF_REDACTION_KEY", "hunter2")
    told = refuses("fixtures", "redact", "golden", "--out", tmp_path / "out")
    assert "STREAMPROOF_REDACTION_KEY has 7 characters" in told
    assert "hunter2" not in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "command", [["run", "--manifest"], ["fixtures", "verify"], ["replay", "--dry-run", "--manifest"]]
)
def test_the_set_of_another_pack_is_refused(refuses, tmp_path, command):
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"source": {"pack": "bakery"}, "scenarios": {}}', encoding="utf-8")
    told = refuses(*command, manifest)
    assert "is a fixture set of pack 'bakery', not of 'livepeer'" in told
    assert "--pack bakery" in told
