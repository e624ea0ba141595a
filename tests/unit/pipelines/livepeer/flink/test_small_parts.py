"""Settings, connection options, messages and metrics of the job on Flink."""

from __future__ import annotations

import pytest

from pipelines.livepeer.errors import SettingsError
from pipelines.livepeer.flink import attribution
from pipelines.livepeer.flink.kafka_options import client_properties
from pipelines.livepeer.flink.messages import HeldSignal, Watermark, encode_snapshot, row_message
from pipelines.livepeer.flink.metrics import GateCounters
from pipelines.livepeer.flink.settings import DEFAULT_ROWS_TOPIC, read_settings
from pipelines.livepeer.lifecycle.candidates import Snapshot

from .simulated_job import new_processor


def test_arguments_come_before_the_environment() -> None:
    settings = read_settings(["QUALITY_INPUT_TOPIC=given", "QUALITY_ROWS_TOPIC=a=b"], {"QUALITY_INPUT_TOPIC": "other"})
    assert settings.common.input_topics == ("given",)
    assert settings.rows_topic == "a=b"


def test_the_defaults_are_those_of_every_runner() -> None:
    settings = read_settings([], {})
    assert settings.rows_topic == DEFAULT_ROWS_TOPIC
    assert settings.common.dedup_ttl_ms == 1440 * 60_000
    assert (settings.quiet_ms, settings.max_wait_ms, settings.most_envelope_bytes) == (4_000, 15_000, 1_000_000)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--parallelism"], "--parallelism"),
        (["LIFECYCLE_QUIET_MS=0"], "LIFECYCLE_QUIET_MS"),
        (["LIFECYCLE_MAX_WAIT_MS=soon"], "LIFECYCLE_MAX_WAIT_MS"),
        (["QUALITY_DEDUP_TTL_MINUTES=-1"], "QUALITY_DEDUP_TTL_MINUTES"),
    ],
)
def test_a_wrong_setting_is_named(arguments: list[str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_settings(arguments, {})


def test_connection_options_become_those_of_the_java_client() -> None:
    options = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": "reader",
        "sasl.password": 'se"cret\\',
        "ssl.ca.location": "/etc/ca.pem",
    }
    assert client_properties(options) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
        'username="reader" password="se\\"cret\\\\";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "/etc/ca.pem",
    }


@pytest.mark.parametrize("options", [{"debug": "secret-all"}, {"sasl.mechanism": "GSSAPI", "sasl.password": "secret"}])
def test_an_option_without_a_counterpart_is_refused_and_its_value_not_shown(options: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        client_properties(options)
    assert "secret" not in caught.value.message + caught.value.hint


def test_a_signal_survives_the_stream() -> None:
    signal = HeldSignal(-1, 5, "ai_stream_status", ("a", None, 1.5, "ü"), "gw", "events", 3, 7, b'["x",{}]')
    assert HeldSignal.decode(signal.encode()) == signal


@pytest.mark.parametrize(
    ("watermark", "since_ms", "now_ms", "due"),
    [
        (99, 0, 1_000, False),
        (100, 0, 1_000, True),
        (99, 0, 15_999, False),
        (99, 0, 16_000, True),
        # The watermark moves: what is before the signal is on its way.
        (99, 10_000, 16_000, False),
        (99, 10_000, 25_000, True),
    ],
)
def test_a_signal_waits_for_the_watermark_but_not_for_ever(
    watermark: int, since_ms: int, now_ms: int, due: bool
) -> None:
    signal = HeldSignal(100, 1_000, "ai_stream_status", (), "", "events", 0, 0, b"[]")
    assert signal.is_due(Watermark(watermark, since_ms), now_ms, 15_000) is due


def test_a_watermark_keeps_its_time_until_it_moves() -> None:
    first = Watermark(5, 100)
    assert first.at(5, 200) is first
    assert first.at(6, 200) == Watermark(6, 200)


def test_a_row_message_holds_rows_by_table() -> None:
    message = row_message("events", 1, 2, {"t": [b'["a",1]', b'["b",2]']})
    assert message == (
        '{"source_topic":"events","source_partition":1,"source_offset":2,"tables":{"t":[["a",1],["b",2]]}}'
    )


class FakeGroup:
    """A metric group that counts in a dictionary."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    def counter(self, name: str) -> FakeMetric:
        return FakeMetric(self.values, name)

    meter = counter


class FakeMetric:
    def __init__(self, values: dict[str, int], name: str) -> None:
        self._values, self._name = values, name
        values[name] = 0

    def inc(self, by: int = 1) -> None:
        self._values[self._name] += by

    def mark_event(self) -> None:
        self.inc()


def test_every_disposition_is_counted_under_the_names_of_the_contract() -> None:
    group = FakeGroup()
    counters = GateCounters(group)
    for disposition, oversize in (("accepted", 0), ("ignored", 0), ("dlq", 1), ("quarantine", 0), ("accepted", 0)):
        counters.count(disposition, oversize)
    assert group.values == {
        "quality_gate.input": 5,
        "quality_gate.accepted": 2,
        "quality_gate.ignored": 1,
        "quality_gate.dlq": 1,
        "quality_gate.dedup.duplicates": 1,
        "quality_gate.sink_guard.oversize_drops": 1,
        "input_rate": 5,
        "dlq_rate": 1,
        "duplicate_rate": 1,
    }


def test_the_state_keeps_the_snapshots_that_were_published_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribution, "MOST_SNAPSHOTS", 20)
    job = attribution.Attribution(new_processor())
    snapshots = [encode_snapshot(Snapshot("p", "0xc", "u", "x", "m", None, at), at) for at in range(23)]
    dropped = [text for number in (22, *range(22)) for text in job.learn(snapshots[number])]
    assert dropped == snapshots[:4]
