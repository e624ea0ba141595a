"""Runs on services that another process started, and observations of a warehouse with no right but SELECT."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from streamproof.model.waiting import Probe, wait_until
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from tests.outside.services import PASSWORDS, Outside, outside_services

pytestmark = [pytest.mark.system, pytest.mark.engine]

FOREIGN_TOPIC, FOREIGN_DATABASE = "taken.streaming_events", "sp_livepeer_foreign"


@pytest.fixture(scope="module")
def outside(home: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """The services, with a topic and a database in them that are nobody's business."""
    with outside_services(home, tmp_path_factory.mktemp("outside"), cache_dir) as services:
        admin = AdminClient({"bootstrap.servers": services.state.bootstrap_servers})
        admin.create_topics([NewTopic(FOREIGN_TOPIC, 1, 1)])[FOREIGN_TOPIC].result(30)
        server = connect(services.state.clickhouse)
        execute(server, f"CREATE DATABASE {FOREIGN_DATABASE}")
        execute(server, f"CREATE TABLE {FOREIGN_DATABASE}.t ENGINE = MergeTree ORDER BY x AS SELECT 1 AS x")
        server.close()
        yield services


def inventory(outside: Outside) -> dict[str, Any]:
    """What is in the services: topics, consumer groups, and databases with the rows of the foreign table."""
    admin = AdminClient({"bootstrap.servers": outside.state.bootstrap_servers})
    topics = {name for name in admin.list_topics(timeout=10).topics if not name.startswith("__")}
    groups = {group.group_id for group in admin.list_consumer_groups().result(10).valid}
    server = connect(outside.state.clickhouse)
    databases = {str(row["name"]) for row in rows(server, "SELECT name FROM system.databases")}
    foreign = rows(server, f"SELECT count() AS n FROM {FOREIGN_DATABASE}.t")[0]["n"]
    server.close()
    return {
        "topics": topics,
        "groups": groups,
        "databases": {name for name in databases if name.startswith("sp_")},
        "foreign_rows": foreign,
    }


def untouched(outside: Outside) -> None:
    """Fail unless only what is foreign is left."""
    expected = {"topics": {FOREIGN_TOPIC}, "groups": set(), "databases": {FOREIGN_DATABASE}, "foreign_rows": 1}

    def look() -> Probe:
        # A deleted topic is a while in the brokers' metadata.
        found = inventory(outside)
        return Probe(found == expected, f"{found}")

    wait_until(look, timeout=30, message="the services to be as they were", hint="What did the run leave?")


def no_secret_in(folder: Path) -> bool:
    texts = (path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return not any(secret.encode() in text for text in texts for secret in PASSWORDS)


def runs_at_once(cli, outside: Outside) -> list[dict[str, Any]]:
    """The summaries of three runs on the same services at the same time; the first one's stack is kept."""
    external = ("run", "--json", "--stack", "external")
    part = ("--mode", "smoke", "--suites", "raw_typed")
    arguments = [("kept", "--keep-stack"), ("two", *part), ("three", *part)]
    processes = [cli.start(*external, "--run-id", *each, **outside.environment()) for each in arguments]
    ended = [(process.communicate(timeout=300), process.returncode) for process in processes]
    assert [code for _, code in ended] == [0, 0, 0], ended
    return [json.loads(out) for (out, _), _ in ended]


def test_runs_at_once_on_outside_services_and_observations_of_what_one_leaves(cli, outside):
    summaries = runs_at_once(cli, outside)
    assert {summary["verdict"] for summary in summaries} == {"passed"}
    summary = summaries[0]
    assert summary["stack"]["name"] == "external"
    assert summary["stack"]["started"] == ["processor"]
    assert set(summary["stack"]["versions"]) == {"kafka", "clickhouse", "processor"}
    assert summary["checks"]["skipped"] == 0
    log = (cli.folder(summary) / "stages/query_pack.log").read_text()
    assert re.search("read once for all checks: .*v_api_gpu_metrics", log)
    assert no_secret_in(cli.folder(summary))
    held = inventory(outside)
    assert held["topics"] == {FOREIGN_TOPIC, *(name for name in held["topics"] if name.startswith("kept."))}
    # The second one holds the views that several checks read.
    assert held["databases"] == {FOREIGN_DATABASE, "sp_livepeer_kept", "sp_livepeer_kept__views"}

    for user in ("reader", "frozen"):
        seen = _observation(cli, outside, user, summary["window"])
        assert seen["checks"]["failed"] == seen["checks"]["errored"] == 0

    blank = {"from_ts": "2001-01-01T00:00:00Z", "to_ts": "2001-01-02T00:00:00Z"}
    nothing = _observe(cli, outside, "reader", "blank", blank)
    assert nothing.code == 3, nothing.stderr
    assert nothing.json["verdict"] == "error"
    assert "assert_raw_typed judged nothing" in nothing.json["error"]

    # The connection decides: with a wrong one nothing is removed, and the command can be given again.
    wrong = {**outside.environment(), "CH_PASSWORD": "wrong"}
    assert cli("stack", "down", "kept", **wrong).code == 3
    assert inventory(outside)["databases"] == held["databases"]
    assert "Stopped: kept" in cli("stack", "down", "kept", **outside.environment()).stdout
    untouched(outside)


def _observe(cli, outside: Outside, user: str, run_id: str, window: dict[str, str]) -> Any:
    """Observe the kept run's warehouse by the command line."""
    options = ("--from-ts", window["from_ts"], "--to-ts", window["to_ts"], "--run-id", run_id)
    return cli.run("--mode", "observe", *options, **outside.environment(user, "sp_livepeer_kept"))


def _observation(cli, outside: Outside, user: str, window: dict[str, str]) -> dict[str, Any]:
    """Observe as a user that may only read; it passes and names the warehouse."""
    ended = _observe(cli, outside, user, f"seen-{user}", window)
    assert ended.code == 0, ended.stderr
    summary = ended.json
    assert summary["verdict"] == "passed"
    assert [result["stage"] for result in summary["results"]][:2] == ["warehouse_check", "query_pack"]
    assert summary["stack"]["clickhouse"] == f"https://127.0.0.1:{outside.https_port}"
    assert summary["stack"]["started"] == []
    assert summary["fixture"]["events"] == 0
    assert no_secret_in(cli.folder(summary))
    return summary


@pytest.mark.parametrize(
    ("run_id", "changes", "said"),
    [
        ("no-clickhouse", {"CH_PORT": "1"}, "ClickHouse at https://127.0.0.1:1"),
        ("wrong-password", {"CH_PASSWORD": "wrong-one"}, "Authentication failed"),
        ("no-rights", {"CH_USER": "reader"}, "ClickHouse user reader lacks these rights: CREATE DATABASE ON"),
        ("only-reads", {"CH_USER": "frozen"}, "frozen may only read"),
        ("no-kafka", {"KAFKA_BOOTSTRAP": "127.0.0.1:1"}, "Kafka at 127.0.0.1:1 does not answer"),
        ("wrong-login", {"KAFKA_SASL_PASSWORD": "wrong-one"}, "does not answer"),
        ("stranger", {"KAFKA_SASL_USERNAME": "stranger"}, "cannot be created: Authorization failed"),
        ("not-trusted", {"CH_CA_CERT": certifi.where()}, "certificate verify failed"),
        ("kafka-not-trusted", {"KAFKA_SSL_CA_LOCATION": certifi.where()}, "does not answer"),
        ("odd-option", {"KAFKA_SASL_NONSENSE": "1"}, "sasl.nonsense"),
        ("taken", {}, f"already has topic {FOREIGN_TOPIC}"),
        ("foreign", {}, f"already has database {FOREIGN_DATABASE}"),
    ],
)
def test_what_stands_in_the_way_is_named_before_anything_is_touched(cli, outside, run_id, changes, said):
    ended = cli.run("--stack", "external", "--run-id", run_id, **{**outside.environment(), **changes})
    assert ended.code == 3, ended.stderr
    summary = ended.json
    assert summary["verdict"] == "error"
    assert said in summary["error"]
    assert summary["hint"]
    assert "Traceback" not in (cli.folder(summary) / "harness.log").read_text()
    assert no_secret_in(cli.folder(summary))
    untouched(outside)
