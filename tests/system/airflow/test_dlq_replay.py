"""A bug of a producer fills the dead-letter topic. It is fixed, and the DAG replays the window, killed twice.

The stack has the real broker, ClickHouse and processor. All tests share it, in their order.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from streamproof.checks.assertions import run_check
from streamproof.dead_letters.checklist import SUITE, read_checklist
from streamproof.model.results import Status
from streamproof.model.settings import KafkaSettings, WarehouseSettings
from streamproof.model.waiting import Probe, wait_until
from streamproof.transport.kafka.port import TRANSPORT
from streamproof.warehouse.registry import open_warehouse

pytestmark = [pytest.mark.system, pytest.mark.engine]
COMMAND = str(Path(sys.executable).with_name("streamproof"))
DRIVE = Path(__file__).resolve().parents[2] / "support" / "drive_dag.py"
NAME, REPLAY = "dlq", "fix-1"
INPUT = f"{NAME}.streaming_events"
FIX = "data.pipelineName=data.pipeline"


@dataclass
class Stack:
    """A stack with a processor, and the project folder that its processes see."""

    project: Path
    env: dict[str, str]
    kafka: KafkaSettings
    clickhouse: WarehouseSettings
    broken_ids: set[str]

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        env = {**self.env, **environment}
        return subprocess.run([COMMAND, *arguments], env=env, capture_output=True, text=True, check=False)

    def rows(self, sql: str) -> list[Any]:
        """Return the rows of a query."""
        warehouse = open_warehouse("clickhouse", self.clickhouse)
        try:
            return list(warehouse.query(sql).rows)
        finally:
            warehouse.close()

    def sent(self) -> list[int]:
        """Return the numbers of the replay's records that consumers can see."""
        headers = (dict(record.headers) for record in TRANSPORT.read(self.kafka, INPUT))
        return [int(found["sp-sequence"]) for found in headers if found.get("sp-run-id") == REPLAY.encode()]

    @property
    def files(self) -> Path:
        """Return the folder of the replay."""
        return self.project / "artifacts/dlq-replays" / REPLAY


@pytest.fixture(scope="module")
def stack(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("dlq")
    project = folder / "project"
    project.mkdir()
    for name in ("dags", "include", "plugins"):
        (project / name).symlink_to(home / name)
    env = {**os.environ, "STREAMPROOF_HOME": str(project), "TMPDIR": str(folder)}
    env.pop("STREAMPROOF_ARTIFACTS", None)
    try:
        up = subprocess.run(
            [COMMAND, "stack", "up", NAME, "--json"], env=env, capture_output=True, text=True, check=False
        )
        assert up.returncode == 0, up.stderr
        named = json.loads(up.stdout)["env"]
        clickhouse = WarehouseSettings(
            named["CH_HOST"], int(named["CH_PORT"]), named["CH_USER"], database=named["CH_DATABASE"]
        )
        broken = plant_bug(home / "include/fixtures/livepeer/golden", folder / "broken")
        yield Stack(project, env, KafkaSettings(named["KAFKA_BOOTSTRAP"]), clickhouse, broken)
    finally:
        subprocess.run([COMMAND, "stack", "down", NAME], env=env, capture_output=True, check=False)


def plant_bug(golden: Path, target: Path) -> set[str]:
    """Copy a fixture set of a producer that writes a required field under another name. Return the ids of its events.

    Some other records cannot be replayed: bytes that are no text, and a value that is no JSON object.
    """
    broken = set()
    manifest = json.loads((golden / "manifest.json").read_text())
    for name in ("events", "expected"):
        manifest.pop(name)
    for found in manifest["scenarios"].values():
        for session in found["sessions"]:
            for name in ("sha256", "events", "table_counts"):
                session.pop(name)
            lines = []
            for line in (golden / session["file"]).read_text().splitlines():
                row = json.loads(line)
                if row["type"] == "create_new_payment":
                    continue
                if row["type"] == "ai_stream_status":
                    broken.add(row["id"])
                    data = row["data"] if isinstance(row["data"], dict) else json.loads(row["data"])
                    row["data"] = {"pipelineName" if name == "pipeline" else name: data[name] for name in data}
                lines.append(json.dumps(row))
            file = target / session["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(lines) + "\n")
    planted = [{"__raw": {"base64": "//79"}}, {"__raw": {"text": "[1]"}}, {"__raw": None}]
    with file.open("a") as more:
        more.writelines(json.dumps(line) + "\n" for line in planted)
    (target / "manifest.json").write_text(json.dumps(manifest))
    return broken


def start_dag(stack: Stack, folder: Path, **params: Any) -> subprocess.Popen[str]:
    """Start the DAG in a process of its own."""
    conf = {"run": NAME, "replay_id": REPLAY, "move": [FIX], **params}
    (folder / "conf.json").write_text(json.dumps([conf]))
    return subprocess.Popen(
        [sys.executable, str(DRIVE), "streamproof_dlq_replay", str(folder / "conf.json"), str(folder / "out.json")],
        env=stack.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_the_bug_fills_the_topic_and_triage_shows_it(stack, tmp_path):
    manifest = stack.project.parent / "broken/manifest.json"
    published = stack.cli("replay", "--manifest", str(manifest), "--topic", INPUT, "--bootstrap",
                          stack.kafka.bootstrap_servers, "--json")  # fmt: skip
    assert published.returncode == 0, published.stderr
    number = json.loads(published.stdout)["acknowledged"]

    def look() -> Probe:
        [[found]] = stack.rows("SELECT count() FROM record_dispositions")
        return Probe(found == number, f"{found} of {number}")

    wait_until(look, timeout=60, message="the broken events", hint="See the processor's log.")
    shown = stack.cli("dlq", "triage", "--run", NAME, "--latest", "2", "--json")
    assert shown.returncode == 0, shown.stderr
    by_reason, latest = json.loads(shown.stdout)["queries"]
    reasons = {row["failure_reason"]: row["total"] for row in by_reason["rows"]}
    assert reasons["missing_field"] >= len(stack.broken_ids)
    assert {"json_parse_error", "root_not_object", "null_payload"} <= reasons.keys()
    assert len(latest["rows"]) == 2
    assert "payload_body" in latest["rows"][0]


def test_a_dry_run_counts_every_letter_in_one_place_and_sends_nothing(stack):
    shown = stack.cli("dlq", "replay", "--run", NAME, "--move", FIX, "--dry-run", "--json")
    assert shown.returncode == 0, shown.stderr
    document = json.loads(shown.stdout)
    plan = document["plan"]
    assert plan["selected"] == len(stack.broken_ids)
    assert plan["read"] == plan["selected"] + sum(plan["skipped"].values())
    assert {"not_text": 1, "not_an_object": 1, "missing_body": 1}.items() <= plan["skipped"].items()
    skipped = [json.loads(line) for line in (Path(document["folder"]) / "skipped.jsonl").open()]
    assert len({(entry["partition"], entry["offset"]) for entry in skipped}) == sum(plan["skipped"].values())
    assert stack.sent() == []


def test_killed_twice_in_the_middle_the_dag_recovers_every_event(stack, tmp_path):
    total = len(stack.broken_ids)
    for least in (10, total // 2):
        # Slow enough that a busy machine sees the middle of the replay before its end.
        process = start_dag(stack, tmp_path, rate=3.0)

        def look(least: int = least, process: Any = process) -> Probe:
            assert process.poll() is None, process.stdout.read()[-3000:]
            return Probe(len(stack.sent()) >= least, f"{len(stack.sent())} of {least}")

        try:
            wait_until(look, timeout=180, message="some records of the replay", hint="See the DAG's output.")
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        assert least <= len(stack.sent()) < total
        assert not (tmp_path / "out.json").exists()
    process = start_dag(stack, tmp_path)
    output, _ = process.communicate(timeout=240)
    assert (tmp_path / "out.json").exists(), output[-3000:]
    (ended,) = json.loads((tmp_path / "out.json").read_text())
    assert ended["tasks"] == {"plan_replay": "success", "send_replay": "success", "checklist": "success"}, output[
        -3000:
    ]
    result = json.loads((stack.files / "result.json").read_text())
    assert total // 2 <= result["found_when_started"] < total
    assert stack.sent() == list(range(total))
    assert {row[0] for row in stack.rows("SELECT raw_event_uid FROM ai_stream_status")} == stack.broken_ids
    [[rows]] = stack.rows("SELECT count() FROM ai_stream_status")
    assert rows == total
    assert stack.rows("SELECT disposition, count() FROM record_dispositions WHERE replay = 1 GROUP BY 1") == [
        ("accepted", total)
    ]
    # Consumers see nothing of the transactions that were open when a process was killed.
    unread = "SELECT countIf(data = '' OR parse_error != '' OR headers['sp-dead-letter'] = ''), count()"
    of_replay = f"FROM streaming_events WHERE headers['sp-run-id'] = '{REPLAY}'"
    assert stack.rows(f"{unread} {of_replay}") == [(0, total)]
    checklist = json.loads((stack.files / "checklist.json").read_text())
    assert checklist["checks"] == {"passed": 4, "failed": 0, "errored": 0, "skipped": 0}


def test_the_same_id_again_sends_nothing_and_judges_again(stack):
    again = stack.cli("dlq", "replay", "--run", NAME, "--replay-id", REPLAY, "--move", FIX, "--json")
    assert again.returncode == 0, again.stderr
    assert len(stack.sent()) == len(stack.broken_ids)
    other = stack.cli("dlq", "replay", "--run", NAME, "--replay-id", REPLAY, "--json")
    assert other.returncode == 2
    assert "planned with another edits" in other.stderr


def test_every_check_of_the_checklist_can_fail(stack, home):
    files = read_checklist(home / "include/sql/livepeer", home=home)
    parameters = checklist_parameters(stack, home)
    warehouse = open_warehouse("clickhouse", stack.clickhouse)
    clone = warehouse.clone(f"{stack.clickhouse.database}_broken", home / "include/sql/livepeer/schema")
    try:
        for check in files.checks:
            for mutation in check.mutations:
                assert run_check(clone, check, parameters, suite=SUITE).status is Status.PASSED, check.name
                clone.script(mutation.sql, mutation.name)
                assert run_check(clone, check, parameters, suite=SUITE).status is Status.FAILED, mutation.name
                clone.restore()
    finally:
        clone.drop()
        warehouse.close()


def test_a_window_without_letters_is_refused_and_what_fails_again_fails_the_checklist(stack):
    empty = stack.cli("dlq", "replay", "--no-checklist", REPLAY_KAFKA_BOOTSTRAP=stack.kafka.bootstrap_servers,
                      REPLAY_DLQ_TOPIC=f"{NAME}.events.dlq.streaming_events.v1", REPLAY_OUTPUT_TOPIC=INPUT,
                      REPLAY_START_EPOCH_MS="1577836800000", REPLAY_END_EPOCH_MS="1577923200000")  # fmt: skip
    assert empty.returncode == 2, empty.stderr
    assert "Nothing is to be sent again" in empty.stderr
    assert "outside_window" in empty.stderr
    # Without the correction, the bodies are as faulty as before.
    failed = stack.cli("dlq", "replay", "--run", NAME, "--replay-id", "uncorrected", "--json")
    assert failed.returncode == 1, failed.stderr
    results = {result["name"]: result["status"] for result in json.loads(failed.stdout)["checklist"]["results"]}
    assert results["dlq_replayed_events_are_recovered"] == "failed"
    assert results["dlq_rate_is_at_its_baseline"] == "failed"


def test_records_that_do_not_arrive_are_not_judged(stack):
    """Nobody reads the topic that they are sent to."""
    late = stack.cli("dlq", "replay", "--run", NAME, "--replay-id", "astray", "--timeout", "1",
                     "--output-topic", f"{NAME}.events.quarantine.streaming_events.v1")  # fmt: skip
    assert late.returncode == 3, late.stderr
    assert "raw rows 0 of " in late.stderr


def checklist_parameters(stack: Stack, home: Path) -> dict[str, object]:
    """Return the parameters of the checklist of the replay that recovered everything."""
    from streamproof.dead_letters.checklist import parameters_of
    from streamproof.dead_letters.pipeline import Pipeline
    from streamproof.packs.loading import read_pack

    pipeline = Pipeline.of(read_pack(home / "include/packs/livepeer/pack.yaml", home), stack.kafka)
    return parameters_of(pipeline, json.loads((stack.files / "plan.json").read_text()))
