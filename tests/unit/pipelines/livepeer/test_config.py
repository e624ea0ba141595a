"""The settings from the environment."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pipelines.livepeer.config import from_environment
from pipelines.livepeer.errors import SettingsError
from pipelines.livepeer.local import StopFlag, main


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = from_environment({})

    assert settings.bootstrap_servers == "kafka:9092"
    assert settings.input_topics == ("streaming_events",)
    assert settings.dlq_topic == "events.dlq.streaming_events.v1"
    assert settings.quarantine_topic == "events.quarantine.streaming_events.v1"
    assert settings.group_id == "flink-quality-gate-v1"
    assert settings.dedup_ttl_ms == 86_400_000
    assert settings.versions == {"1", "v1"}
    assert settings.max_row_bytes == 1_000_000
    assert (settings.ignore_unsupported, settings.ignore_traces) == (True, True)
    assert (settings.status_file, settings.state_dir) == (None, None)
    sink = settings.sink
    assert (sink.url, sink.database, sink.user) == ("http://clickhouse:8123", "livepeer_analytics", "analytics_user")


@pytest.mark.parametrize(
    ("environment", "field", "value"),
    [
        ({"QUALITY_INPUT_TOPICS": " a, b,a,", "QUALITY_INPUT_TOPIC": "c"}, "input_topics", ("a", "b")),
        ({"QUALITY_INPUT_TOPICS": "", "QUALITY_INPUT_TOPIC": "c"}, "input_topics", ("c",)),
        ({"QUALITY_SUPPORTED_VERSIONS": ""}, "versions", frozenset()),
        ({"QUALITY_SUPPORTED_VERSIONS": "1, 2"}, "versions", frozenset({"1", "2"})),
        ({"QUALITY_DEDUP_TTL_MINUTES": "2"}, "dedup_ttl_ms", 120_000),
        ({"QUALITY_UNSUPPORTED_TYPES": "dlq"}, "ignore_unsupported", False),
        ({"QUALITY_IGNORED_TRACES": "judged"}, "ignore_traces", False),
        ({"PROCESSOR_STATUS_FILE": "/x/s.json"}, "status_file", Path("/x/s.json")),
        ({"PROCESSOR_STATE_DIR": "/x/state"}, "state_dir", Path("/x/state")),
        ({"CLICKHOUSE_SINK_MAX_RECORD_BYTES": "17"}, "max_row_bytes", 17),
    ],
)
def test_a_variable(environment: dict[str, str], field: str, value: object) -> None:
    assert getattr(from_environment(environment), field) == value


@pytest.mark.parametrize(
    ("environment", "url", "database"),
    [
        ({"CLICKHOUSE_URL": "http://127.0.0.1:1234"}, "http://127.0.0.1:1234", "livepeer_analytics"),
        ({"CLICKHOUSE_URL": "https://ch:8443/some/base/"}, "https://ch:8443", "base"),
        ({"CLICKHOUSE_URL": "http://ch/in_path", "CLICKHOUSE_DATABASE": "named"}, "http://ch", "named"),
        ({"CLICKHOUSE_URL": "http://user:secret@ch:8123"}, "http://ch:8123", "livepeer_analytics"),
    ],
)
def test_where_the_rows_go(environment: dict[str, str], url: str, database: str) -> None:
    sink = from_environment(environment).sink

    assert (sink.url, sink.database) == (url, database)


@pytest.mark.parametrize(
    "environment",
    [
        {"QUALITY_DEDUP_TTL_MINUTES": "a day"},
        {"QUALITY_DEDUP_TTL_MINUTES": "0"},
        {"CLICKHOUSE_SINK_MAX_BATCH_SIZE": "-1"},
        {"CLICKHOUSE_SINK_MAX_BUFFERED": "1.5"},
        {"CLICKHOUSE_SINK_MAX_BATCH_BYTES": "9" * 400},
        {"QUALITY_UNSUPPORTED_TYPES": "drop"},
        {"LIFECYCLE_PIPELINE_MODEL_MODE": "native_correct"},
        {"LIFECYCLE_PIPELINE_MODEL_MODE": "native"},
        {"LIFECYCLE_PIPELINE_MODEL_MODE": "legacy"},
        {"CLICKHOUSE_URL": "clickhouse:8123"},
        {"CLICKHOUSE_URL": "http://ch:port"},
    ],
)
def test_a_value_that_cannot_be_used_is_an_error(
    environment: dict[str, str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StopFlag, "listen", lambda self: None)
    [name] = environment

    with pytest.raises(SettingsError) as error:
        from_environment(environment)
    assert name in error.value.message
    assert main(environment) == 2


@pytest.mark.parametrize("mode", ["", "legacy_misnamed", " legacy_misnamed "])
def test_the_one_mode_of_naming_models_may_be_asked_for(mode: str) -> None:
    assert from_environment({"LIFECYCLE_PIPELINE_MODEL_MODE": mode}) == from_environment({})


def test_the_password_is_not_shown() -> None:
    assert "hush" not in repr(from_environment({"CLICKHOUSE_PASSWORD": "hush"}))


def test_a_signal_raises_the_flag() -> None:
    flag, before = StopFlag(), signal.getsignal(signal.SIGTERM)
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        flag.listen()
        assert not flag()
        os.kill(os.getpid(), signal.SIGTERM)
        assert flag()
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, interrupt)


def test_the_way_to_the_services_may_be_a_secret() -> None:
    settings = from_environment(
        {
            "QUALITY_KAFKA_OPTIONS": '{"sasl.password": "hush"}',
            "CLICKHOUSE_PASSWORD": "hush",
            "CLICKHOUSE_CA_CERT": "/ca.pem",
            "CLICKHOUSE_VERIFY": "off",
        }
    )

    assert settings.kafka_options == {"sasl.password": "hush"}
    assert (settings.sink.ca_cert, settings.sink.verify) == ("/ca.pem", False)
    assert "hush" not in repr(settings)
    assert from_environment({}).sink.verify


@pytest.mark.parametrize("value", ["hush", "[]", '{"a": 1}'])
def test_options_that_are_none_are_refused_and_not_shown(value: str) -> None:
    with pytest.raises(SettingsError, match="QUALITY_KAFKA_OPTIONS") as refused:
        from_environment({"QUALITY_KAFKA_OPTIONS": value})

    assert "hush" not in refused.value.message
