"""A replay that was killed or lost its broker goes on, and its topic holds every record once, in its order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from packs.livepeer.generator import generate_load
from streamproof.fixtures.ordering import ReplayPlan, plan_replay
from streamproof.model.errors import FixtureError, StackError, UsageError
from streamproof.model.stack import StackState
from streamproof.packs.loading import load_pack
from streamproof.replaying.ledger import Ledger
from streamproof.replaying.replays import Target, begin, go_on
from streamproof.replaying.request import ReplayRequest, prepare
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from streamproof.transport.base import ReadRecord
from streamproof.transport.kafka import producer
from streamproof.transport.kafka.port import Kafka
from tests.support import killed_replay

pytestmark = pytest.mark.engine
PARTITIONS = {"killed": 3, "command": 1, "again": 1, "dag": 1}
EVENTS = 16_000
KAFKA = Kafka()


@pytest.fixture(scope="module")
def pack(home):
    return load_pack(home, "livepeer")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, home: Path) -> Iterator[StackState]:
    """A broker (and ClickHouse) without a processor."""
    folder = tmp_path_factory.mktemp("stack")
    spec = StackSpec("resume", str(folder), str(cache_dir), str(home), topics=(), owner=own_identity())
    try:
        state = start_stack(spec, timeout=90)
        KAFKA.create_topics(state.kafka, PARTITIONS, timeout=30, partitions=PARTITIONS)
        yield state
    finally:
        stop_stack(folder, timeout=20)


@pytest.fixture(scope="module")
def load(tmp_path_factory) -> Path:
    """The manifest of a set of EVENTS events."""
    return generate_load(EVENTS, tmp_path_factory.mktemp("load"))


def records_of(stack: StackState, topic: str, run_id: str) -> list[tuple[int, ReadRecord]]:
    """The records of a replay in a topic, with their sequence numbers."""
    found = [(dict(record.headers), record) for record in KAFKA.read(stack.kafka, topic)]
    return [
        (int(headers["sp-sequence"]), record) for headers, record in found if headers["sp-run-id"] == run_id.encode()
    ]


def require_every_record_once(stack: StackState, topic: str, run_id: str, plan: ReplayPlan) -> None:
    """The topic holds the whole replay: each record once, with its value, and each stream in its order."""
    by_stream = defaultdict(list)
    values = {}
    for number, record in records_of(stack, topic, run_id):
        assert number not in values, f"record {number} is there twice"
        values[number] = record.value
        by_stream[record.key].append(number)
    assert [values.get(number) for number in range(len(plan.events))] == [value for _, value in plan.records()]
    assert all(numbers == sorted(numbers) for numbers in by_stream.values())


def ledger_records(folder: Path) -> int:
    return sum(seen.records for seen in Ledger(folder).acknowledged().values())


def test_killed_twice_and_resumed_nothing_is_missing_and_nothing_is_there_twice(stack, pack, load, tmp_path):
    def die_at(entry: int) -> int:
        arguments = [stack.bootstrap_servers, str(tmp_path), "k1", str(entry), str(load), "killed"]
        command = [sys.executable, killed_replay.__file__, *arguments]
        return subprocess.run(command, check=False, timeout=120, cwd=pack.file.parents[3]).returncode

    others = plan_replay(pack.manifest("golden"), pack.replay)
    folder = tmp_path / "k1"
    acknowledged, held = [], []
    for entry in (5, 9):
        assert die_at(entry) == -signal.SIGKILL
        acknowledged.append(ledger_records(folder))
        held.append(len(records_of(stack, "killed", "k1")))
        # Others publish to the topic, too.
        producer.publish(stack.kafka, "killed", others.records(), run_id="other", shared=True)
    # Both times the topic held records that the ledger did not know of, and the replay was not complete.
    assert 0 < acknowledged[0] < held[0] < EVENTS
    assert acknowledged[0] < acknowledged[1] < held[1] < EVENTS
    # As if the last entry had been cut in the middle, too.
    with (folder / "acknowledged.jsonl").open("ab") as entries:
        entries.write(b'{"partition":0,"off')

    before = []
    with Ledger(folder) as ledger:
        result = go_on(pack, ledger, Target(KAFKA, stack.kafka, resumed=before.append))
    assert before == [held[1]]
    assert (result["acknowledged"], result["published_now"]) == (EVENTS, EVENTS - held[1])
    assert ledger_records(folder) == EVENTS
    require_every_record_once(stack, "killed", "k1", plan_replay(load, pack.replay))

    with Ledger(folder) as ledger:
        assert go_on(pack, ledger, Target(KAFKA, stack.kafka))["published_now"] == 0


def test_a_broker_lost_midway_is_an_error_and_the_replay_goes_on_when_it_is_back(
    home, pack, load, cache_dir, tmp_path, monkeypatch
):
    monkeypatch.setattr(producer, "publish", partial(producer.publish, delivery_timeout_ms=4_000))
    # A fast broker acknowledges a longer queue before the first look at it, and would be stopped too late.
    monkeypatch.setitem(producer.PRODUCER_OPTIONS, "queue.buffering.max.messages", EVENTS // 8)
    folder = tmp_path / "stack"
    spec = StackSpec("back", str(folder), str(cache_dir), str(home), topics=("in",), owner=own_identity())
    try:
        state = start_stack(spec, timeout=90)
        (broker,) = [service.process.pid for service in state.services if service.name == "kafka"]
        seen = []

        def progress(records: int) -> None:
            seen.append(records)
            if sum(seen):
                os.kill(broker, signal.SIGSTOP)

        prepared = prepare(ReplayRequest(str(load), "in"), pack, datetime.now(UTC))
        with (
            Ledger(tmp_path / "b1") as ledger,
            pytest.raises(StackError, match="were not delivered") as raised,
        ):
            begin(prepared, pack, ledger, Target(KAFKA, state.kafka, progress=progress))
        assert "--resume b1" in raised.value.hint
        assert 0 < ledger_records(tmp_path / "b1") < EVENTS
        os.kill(broker, signal.SIGCONT)
        with Ledger(tmp_path / "b1") as ledger:
            assert go_on(pack, ledger, Target(KAFKA, state.kafka))["acknowledged"] == EVENTS
        require_every_record_once(state, "in", "b1", prepared.replay)
    finally:
        stop_stack(folder, timeout=20)


def test_the_command_line_begins_resumes_and_refuses(stack, home, pack, tmp_path):
    def call(*options: str) -> tuple[int, dict]:
        environment = {**os.environ, "STREAMPROOF_ARTIFACTS": str(tmp_path), "KAFKA_BOOTSTRAP": stack.bootstrap_servers}
        command = [str(Path(sys.executable).with_name("streamproof")), "replay", *options, "--json"]
        ended = subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=120, cwd=home, text=True
        )
        assert "Traceback" not in ended.stderr
        return ended.returncode, {**json.loads(ended.stdout), "stderr": ended.stderr}

    options = ("--topic", "command", "--run-id", "c1", "--events", "60", "--shift-to", "2026-06-01T00:00:00Z")
    code, told = call(*options, "--speed", "200000x")
    assert code == 0, told
    assert (told["acknowledged"], told["published_now"], told["resumed"]) == (60, 60, False)
    assert set(told["send_error"]) == {"median_ms", "p99_ms", "max_ms"}
    assert "60 of 60 records acknowledged" in told["stderr"]
    assert "streamproof replay --resume c1" in told["stderr"]
    latest = max(record.milliseconds for record in KAFKA.read(stack.kafka, "command"))
    assert 0 <= datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000 - latest < 1000

    code, told = call("--resume", "c1")
    assert (code, told["acknowledged"], told["published_now"]) == (0, 60, 0)
    assert len(list(KAFKA.read(stack.kafka, "command"))) == 60
    assert call(*options)[0] == 2
    assert call("--topic", "command", "--partitions", "2")[0] == 2


def test_the_dag_publishes_to_the_brokers_of_its_connection(stack, home, tmp_path):
    conf, out = tmp_path / "conf.json", tmp_path / "out.json"
    conf.write_text(json.dumps([{"topic": "dag", "events": 40, "speed": "500000x", "shift_to": "now"}]))
    extra = {"bootstrap.servers": stack.bootstrap_servers}
    connection = json.dumps({"conn_type": "kafka", "extra": extra})
    environment = {
        **os.environ, "STREAMPROOF_ARTIFACTS": str(tmp_path), "AIRFLOW_CONN_KAFKA_DEFAULT": connection,
    }  # fmt: skip
    driver = home / "tests/support/drive_dag.py"
    command = [sys.executable, str(driver), "streamproof_replay", str(conf), str(out)]
    ended = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=240, text=True)
    assert out.exists(), ended.stdout[-3000:]
    (told,) = json.loads(out.read_text())
    assert (told["state"], told["tasks"]) == ("success", {"replay": "success"})
    result = told["xcom"]["replay/return_value"]
    assert (result["acknowledged"], result["published_now"]) == (40, 40)
    assert result["send_error"]["max_ms"] >= 0
    assert len(list(KAFKA.read(stack.kafka, "dag"))) == 40


def test_a_replay_that_cannot_go_on_says_why(stack, pack, tmp_path):
    target = Target(KAFKA, stack.kafka)
    prepared = prepare(ReplayRequest(str(pack.manifest("golden")), "again", events=50), pack, datetime.now(UTC))
    folder = tmp_path / "a1"
    with Ledger(folder) as ledger:
        with pytest.raises(UsageError, match="There is no replay a1"):
            go_on(pack, ledger, target)
        begin(prepared, pack, ledger, target)
        with pytest.raises(UsageError, match="has begun already"):
            begin(prepared, pack, ledger, target)
        with pytest.raises(StackError, match="published by another process"), Ledger(folder):
            pass
        started = ledger.read()
        (folder / "result.json").unlink()
        ledger.begin(replace(started, sha256="0" * 64))
        with pytest.raises(FixtureError, match="has changed since replay a1 began"):
            go_on(pack, ledger, target)
        ledger.begin(replace(started, start_offsets={"0": 0, "1": 0}))
        with pytest.raises(StackError, match="had 2 partitions when the replay began, and has 1 now"):
            go_on(pack, ledger, target)
        ledger.begin(started)
        ledger.add(0, [900, 901])
        with pytest.raises(StackError, match="ends at offset 50, and offset 901 was acknowledged"):
            go_on(pack, ledger, target)
        (folder / "acknowledged.jsonl").write_bytes(b'{"partition":0,"offset":0,"records":10}\n')
        ledger.begin(replace(started, start_offsets={"0": 0}))
        # The topic holds the records from 12 on behind the ledger's ten: two are missing.
        (folder / "acknowledged.jsonl").write_bytes(b'{"partition":0,"offset":2,"records":10}\n')
        with pytest.raises(StackError, match="holds record 12 where record 10 should be"):
            go_on(pack, ledger, target)
