"""Runs in a staging pipeline that others use: two at once, beside live traffic, and nobody else's rows are touched."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streamproof.model.correlation import prefix_of
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from streamproof.sql.lexing import statements
from streamproof.sql.templating import render
from streamproof.warehouse.clickhouse.client import connect, execute, rows

pytestmark = [pytest.mark.system, pytest.mark.engine]

TOPIC, DATABASE, GROUP = "staging.clicks", "staging", "staging-clicks"
SECTIONS = """
staging: true
correlation:
  key: true
  values: [id, data.page]
  shift_times: {timestamp: ms}
  columns: {clicks: id, clicks_per_page: page}
"""
PROCESSOR = f"""processors:
  staging:
    kind: running
    topics: {{input: {TOPIC}}}
    database: {DATABASE}
    groups: {{raw: {GROUP}}}
"""


@dataclass(frozen=True)
class Staging:
    """A pipeline that runs, the environment that names its services, and the pack of it."""

    environment: dict[str, str]
    client: object
    pack: Path
    producer: Producer

    def count(self, condition: str = "1") -> int:
        """How many rows of its table fulfil a condition."""
        return int(rows(self.client, f"SELECT count() AS n FROM {DATABASE}.clicks WHERE {condition}")[0]["n"])


def shared_pack(home: Path, folder: Path) -> Path:
    """The counter pack, whose processor is the running pipeline."""
    shutil.copytree(home / "tests/packs/counter", folder)
    text = (folder / "pack.yaml").read_text()
    start, end = text.index("processors:"), text.index("services:")
    (folder / "pack.yaml").write_text(text[:start] + PROCESSOR + SECTIONS + text[end:])
    return folder


@pytest.fixture(scope="module")
def staging(home: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staging]:
    folder = tmp_path_factory.mktemp("staging")
    pack = shared_pack(home, folder / "counter")
    spec = StackSpec(
        name="staging",
        folder=str(folder / "stack"),
        cache_dir=str(cache_dir),
        home=str(home),
        topics=(TOPIC,),
        owner=own_identity(),
    )
    state = start_stack(spec, timeout=60)
    try:
        client = connect(state.clickhouse)
        execute(client, f"CREATE DATABASE {DATABASE}")
        own = connect(state.clickhouse.using(DATABASE))
        variables = {
            "kafka": True,
            "kafka_bootstrap": state.bootstrap_servers,
            "input_topic": TOPIC,
            "raw_group": GROUP,
        }
        schema = (pack / "sql/schema/0001_clicks.sql.j2").read_text()
        for statement in statements(render(schema, variables, "schema"), "schema"):
            own.command(statement)
        environment = {
            "CH_HOST": state.clickhouse_host,
            "CH_PORT": str(state.clickhouse_port),
            "CH_USER": state.clickhouse_user,
            "KAFKA_BOOTSTRAP": state.bootstrap_servers,
        }
        producer = Producer({"bootstrap.servers": state.bootstrap_servers, "log_level": 0})
        yield Staging(environment, client, pack, producer)
    finally:
        stop_stack(folder / "stack", timeout=30)


def click(number: int) -> bytes:
    data = {"page": f"/live/{number % 3}", "amount": 1}
    return json.dumps({"id": f"live-{number}", "type": "click", "timestamp": 1772226000000, "data": data}).encode()


@pytest.fixture
def live_traffic(staging: Staging) -> Iterator[list[int]]:
    """A third producer that publishes all the time; the list holds how many records it has published."""
    stop, published = threading.Event(), [0]

    def publish() -> None:
        while not stop.wait(0.01):
            staging.producer.produce(TOPIC, click(published[0]))
            published[0] += 1
            staging.producer.poll(0)

    thread = threading.Thread(target=publish)
    thread.start()
    yield published
    stop.set()
    thread.join()
    staging.producer.flush(30)


def test_two_runs_at_once_beside_live_traffic_do_not_meet(cli, staging, live_traffic):
    options = ("run", "--json", "--pack", str(staging.pack), "--stack", "external")
    processes = [cli.start(*options, "--run-id", name, **staging.environment) for name in ("left", "right")]
    ended = [(process.communicate(timeout=300), process.returncode) for process in processes]

    assert [code for _, code in ended] == [0, 0], ended
    for (out, _), _code in ended:
        summary = json.loads(out)
        assert summary["verdict"] == "passed"
        assert summary["fixture"]["events"] == 24
        assert summary["rungs"] == ["judged", "drained"]
        assert any(prefix_of(summary["run_id"]) in notice for notice in summary["notices"])
        # The events happened when the captured ones were copied to now, not when they were captured.
        assert summary["window"]["to_ts"] > "2026-11"
    assert live_traffic[0] > 0
    # Nothing of anyone was removed: the events of both runs are still there, and nobody's database but staging's is.
    assert [staging.count(f"startsWith(id, '{prefix_of(name)}')") for name in ("left", "right")] == [24, 24]
    databases = {row["name"] for row in rows(staging.client, "SELECT name FROM system.databases")}
    assert {name for name in databases if name.startswith("sp_")} == set()
    assert DATABASE in databases


def test_what_the_pipeline_loses_of_a_run_fails_it(cli, staging, live_traffic):
    """The pipeline drops one click of the run, and keeps every other event."""
    lost = f"{prefix_of('lossy')}click-07"
    view = f"{DATABASE}.mv_clicks_kafka_to_clicks"
    query = rows(staging.client, f"SELECT as_select FROM system.tables WHERE database || '.' || name = '{view}'")
    writes = query[0]["as_select"]
    execute(staging.client, f"ALTER TABLE {view} MODIFY QUERY SELECT * FROM ({writes}) WHERE id != '{lost}'")
    try:
        options = ("--pack", str(staging.pack), "--stack", "external", "--run-id", "lossy")
        ended = cli.run(*options, **staging.environment)
    finally:
        execute(staging.client, f"ALTER TABLE {view} MODIFY QUERY {writes}")
    assert ended.code == 1, ended.stderr
    assert "every_click_arrived" in {failure["name"] for failure in ended.json["failures"]}


@pytest.mark.parametrize(
    ("options", "edits", "message"),
    [
        ((), (), "is running already, outside of stack local"),
        (("--stack", "external"), (("staging: true", ""),), "which others use"),
        (("--stack", "external", "--inject", "{sql}"), (), "data that is not the run's"),
        (("--stack", "external", "--shift-to", "now"), (), "happen now already"),
        (("--stack", "external"), ((", clicks_per_page: page", ""),), "clicks_per_page, which holds rows of others"),
        (("--stack", "external"), (("values: [id, data.page]", "values: [data.amount]"),), "only a text can"),
    ],
)  # fmt: skip
def test_what_is_not_safe_is_refused_before_anything_is_published(cli, staging, tmp_path, options, edits, message):
    pack = shutil.copytree(staging.pack, tmp_path / "counter")
    text = (pack / "pack.yaml").read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (pack / "pack.yaml").write_text(text)
    (tmp_path / "x.sql").write_text("SELECT 1")
    given = [option.format(sql=tmp_path / "x.sql") for option in options]
    ended = cli.run("--pack", str(pack), *given, "--run-id", "refused", **staging.environment)
    assert ended.code == 2, ended.stderr
    assert message in ended.json["error"]
    assert staging.count(f"startsWith(id, '{prefix_of('refused')}')") == 0


def test_a_pipeline_that_never_answers_is_named(cli, staging, tmp_path):
    pack = shutil.copytree(staging.pack, tmp_path / "counter")
    text = (pack / "pack.yaml").read_text().replace(f"{GROUP}}}", "nobody}\n    ready_timeout_sec: 2")
    (pack / "pack.yaml").write_text(text)
    options = ("--pack", str(pack), "--stack", "external", "--run-id", "nobody")
    ended = cli.run(*options, **staging.environment)
    assert ended.code == 3, ended.stderr
    assert "group nobody" in ended.json["error"]
    databases = {row["name"] for row in rows(staging.client, "SELECT name FROM system.databases")}
    assert not any(name.startswith("sp_") for name in databases)
