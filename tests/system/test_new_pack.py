"""Event files of other people's: `pack new`, and without a hand on it every check passes and every check is proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import event_files

pytestmark = pytest.mark.system

# Seconds, on a machine that is busy with something else.
PROOF_SEC = 900


def made(cli, tmp_path: Path, name: str, file: Path, *options: str):
    """Make a pack of a file, check it, and return what was said of it."""
    packs = {"STREAMPROOF_PACKS": str(tmp_path / "packs")}
    ended = cli("pack", "new", name, "--events", str(file), "--json", *options, **packs)
    assert ended.code == 0, ended.stderr
    checked = cli("pack", "check", name, **packs)
    assert checked.code == 0, checked.stderr
    return ended.json


def proof(cli, tmp_path: Path, name: str, *options: str):
    """Prove a pack, which makes a run of its own, and return the document."""
    packs = {"STREAMPROOF_PACKS": str(tmp_path / "packs")}
    ended = cli("prove", "--pack", name, "--json", *options, timeout_sec=PROOF_SEC, **packs)
    assert ended.code == 0, ended.stderr
    return ended.json


def test_activity_with_broken_lines_runs_and_every_damage_is_seen(cli, tmp_path):
    said = made(cli, tmp_path, "activity", event_files.github(tmp_path))
    assert [table["table"] for table in said["tables"]] == [
        "events_issues_event", "events_push_event", "events_watch_event",
    ]  # fmt: skip
    assert (said["events"], said["rejects"]) == (26, {"not_an_object": 1, "not_json": 1})
    ended = cli.run("--pack", str(tmp_path / "packs" / "activity"))
    assert ended.code == 0, ended.stderr
    summary = ended.json
    assert (summary["verdict"], summary["fixture"]["events"], summary["checks"]["skipped"]) == ("passed", 26, 0)
    assert {"raw_complete", "ids_accounted"} <= set(summary["rungs"])
    assert summary["content"] == {"tables": 5, "not_saved": {}, "reason": None}
    proved = proof(cli, tmp_path, "activity", "--coverage", "--mutations")
    assert proved["checks"] == proved["proved"] > 0
    coverage = proved["coverage"]
    assert coverage["covered"] == coverage["columns"]
    assert set(coverage["exempt"]) == {"events_issues_event.payload_issue_labels"}


@pytest.mark.parametrize(
    ("file", "events", "tables"),
    [
        (event_files.wiki_edits, 25, {"events_edit": 12, "events_log": 12}),
        (event_files.access_log, 24, {"events": 24}),
        (event_files.taxi_trips, 24, {"events": 24}),
    ],
)
def test_files_of_other_forms_run_and_are_proved(cli, tmp_path, file, events, tables):
    said = made(cli, tmp_path, "theirs", file(tmp_path))
    assert said["events"] == events
    assert {table["table"]: table["events"] for table in said["tables"]} == tables
    proved = proof(cli, tmp_path, "theirs")
    assert proved["checks"] == proved["proved"] > 0


PROGRAM = """
import json, os, urllib.request
from confluent_kafka import Consumer

consumer = Consumer({"bootstrap.servers": os.environ["BOOTSTRAP_SERVERS"], "group.id": os.environ["GROUP_ID"],
                     "auto.offset.reset": "earliest", "enable.auto.commit": False})
consumer.subscribe([os.environ["INPUT_TOPIC"]])
while True:
    for message in consumer.consume(100, 0.2):
        place = {"record_topic": message.topic(), "record_partition": message.partition(),
                 "record_offset": message.offset(), "record_timestamp": message.timestamp()[1] / 1000}
        try:
            table, row = "events", {**place, **json.loads(message.value())}
        except ValueError:
            table, row = "rejected_events", {**place, "problem": "not_json", "payload": message.value().decode()}
        query = f"INSERT%20INTO%20{table}%20FORMAT%20JSONEachRow"
        request = urllib.request.Request(os.environ["CLICKHOUSE_URL"] + "/?query=" + query,
                                         json.dumps(row).encode(), {
            "X-ClickHouse-User": os.environ["CLICKHOUSE_USER"], "X-ClickHouse-Key": os.environ["CLICKHOUSE_PASSWORD"],
            "X-ClickHouse-Database": os.environ["CLICKHOUSE_DATABASE"]})
        urllib.request.urlopen(request).read()
        consumer.commit(message, asynchronous=False)
"""


def test_a_program_of_the_user_fills_the_typed_tables(cli, tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text('{"id":1,"price":1.50}\nno json\n{"id":2,"price":0.05}\n{"id":3,"price":7}\n')
    made(cli, tmp_path, "shop", events, "--processor", "command")
    pack = tmp_path / "packs" / "shop"
    program = pack / "pipelines" / "program.py"
    assert str(program) in (pack / "README.md").read_text()
    program.parent.mkdir()
    program.write_text(PROGRAM)
    ended = cli.run("--pack", str(pack))
    assert ended.code == 0, ended.stderr
    program.write_text(PROGRAM.replace("json.loads(message.value())}", 'json.loads(message.value()), "price": 1}'))
    ended = cli.run("--pack", str(pack))
    assert ended.code == 1, ended.stderr
    assert {failure["name"] for failure in ended.json["failures"]} == {"events_equals_raw"}
