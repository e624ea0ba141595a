"""The replay as a task: what its params ask for, and which errors are tried again."""

from __future__ import annotations

import types

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from streamproof.airflow import connections
from streamproof.airflow.replaying.operators import ReplayOperator, replay_request
from streamproof.airflow.settings import read_settings
from streamproof.model.errors import StackError
from streamproof.model.settings import KafkaSettings
from streamproof.replaying import replays
from streamproof.replaying.ledger import Ledger

PARAMS = {
    "pack": "livepeer", "manifest": None, "topic": None, "scenarios": [], "speed": "max", "shift_to": None,
    "events": None, "partitions": None, "tolerate_bad_lines": False, "dry_run": False, "connection": "k",
}  # fmt: skip


@pytest.fixture
def execute(home, tmp_path, monkeypatch):
    """The function that runs the task with these params, without brokers."""
    monkeypatch.setenv("STREAMPROOF_HOME", str(home))
    monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(tmp_path))
    monkeypatch.setattr(connections, "kafka_connection", lambda conn_id: KafkaSettings(f"{conn_id}:9092"))

    def run(**params):
        context = {
            "params": {**PARAMS, **params},
            "run_id": "manual__1",
            "dag": types.SimpleNamespace(params=PARAMS),
            "dag_run": types.SimpleNamespace(conf=params),
        }
        return ReplayOperator(task_id="replay").execute(context)

    return run


def test_the_params_ask_for_the_same_as_the_options_of_the_command(home, tmp_path):
    settings = read_settings({"STREAMPROOF_HOME": str(home), "STREAMPROOF_ARTIFACTS": str(tmp_path)})
    path = "include/fixtures/livepeer/hostile/manifest.json"
    request = replay_request(
        {**PARAMS, "manifest": path, "scenarios": ["a"], "speed": "60x", "shift_to": "now", "events": 5, "topic": "t"},
        settings,
    )
    assert (request.manifest, request.topic, request.scenarios) == (str(home / path), "t", ("a",))
    assert (request.speed, request.shift_to, request.events) == ("60x", "now", 5)
    assert replay_request(PARAMS, settings).topic == "streaming_events"


def test_a_dry_run_returns_the_plan(execute):
    plan = execute(dry_run=True, events=100, speed="60x")
    assert (plan["dry_run"], plan["events"], plan["left_out_events"]) == (True, 100, 129)


def test_the_first_try_begins_and_the_next_goes_on(execute, tmp_path, monkeypatch):
    def begin(_prepared, _pack, ledger, target):
        (ledger.folder / "replay.json").write_text("{}")
        assert target.settings.bootstrap_servers == "k:9092"
        raise StackError("Kafka acknowledged 5 records.", hint="Go on.")

    monkeypatch.setattr(replays, "begin", begin)
    monkeypatch.setattr(replays, "go_on", lambda *_: {"acknowledged": 229})
    with pytest.raises(AirflowException, match=r"Kafka acknowledged 5 records\. Go on\.") as raised:
        execute()
    assert not isinstance(raised.value, AirflowFailException)
    assert Ledger(tmp_path / "replays" / "manual__1").began
    assert execute()["acknowledged"] == 229


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"speed": "fast"}, "is no speed"),
        ({"manifest": "ghost"}, "ghost"),
        ({"scenarios": ["ghost"]}, "no scenario ghost"),
    ],
)
def test_bad_input_is_not_tried_again(execute, params, message):
    with pytest.raises(AirflowFailException, match=message):
        execute(**params)


def test_a_ledger_that_is_busy_is_waited_for_by_trying_again(execute, tmp_path):
    busy = pytest.raises(AirflowException, match="another process")
    with Ledger(tmp_path / "replays" / "manual__1"), busy as raised:
        execute()
    assert not isinstance(raised.value, AirflowFailException)
