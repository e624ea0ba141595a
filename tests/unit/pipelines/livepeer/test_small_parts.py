"""Times, ids, dedup state, metrics, reject topics: the small parts on their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from confluent_kafka import KafkaError, KafkaException
from hypothesis import given
from hypothesis import strategies as st

from pipelines.livepeer.dedup import DedupState
from pipelines.livepeer.errors import FieldError, SinkError
from pipelines.livepeer.fields import MAX_MS, moment, parse_millis
from pipelines.livepeer.identity import event_uid, normalised_address, workflow_session_id
from pipelines.livepeer.metrics import Metrics
from pipelines.livepeer.reject_topics import RejectTopics, without_body

from . import samples

# --- times


@given(st.integers(0, MAX_MS))
def test_a_time_is_written_without_loss(millis: int) -> None:
    seconds, fraction = moment(millis).split(".")

    assert (len(seconds), len(fraction)) == (10, 3)
    assert int(seconds) * 1000 + int(fraction) == millis
    assert parse_millis(millis) == parse_millis(str(millis)) == parse_millis(f" 00{millis}\n") == millis


def test_a_time_after_the_warehouse_dates_is_refused() -> None:
    with pytest.raises(FieldError):
        moment(MAX_MS + 1)


@pytest.mark.parametrize(
    "value", [None, True, "", " ", "1.5", "-1", -1, -0.5 - 1, "\uff11\uff12", [], {}, "9" * 20, 2.0**63, "1e3"]
)
def test_what_is_no_time(value: object) -> None:
    assert parse_millis(value) is None


# --- identity


@pytest.mark.parametrize(
    ("stream", "request_", "event_id", "expected"),
    [
        ("s", "r", "e", "s|r"),
        (" s ", "\tr", "e", "s|r"),
        ("s", " ", "e", "s|_missing_request"),
        ("", "r", "e", "_missing_stream|r"),
        ("", "", "e", "_missing_stream|_missing_request|e"),
        ("", "", "", "_missing_stream|_missing_request|_missing_event"),
    ],
)
def test_the_session_id(stream: str, request_: str, event_id: str, expected: str) -> None:
    assert workflow_session_id(stream, request_, event_id) == expected


def test_addresses_and_lineage_ids() -> None:
    assert normalised_address("  0XaB ") == "0xab"
    assert normalised_address("  ") == ""
    assert event_uid("id", "text") == "id"
    assert len(event_uid("", "text")) == 64


# --- dedup state


def test_keys_are_forgotten_when_their_time_is_over() -> None:
    state = DedupState(ttl_ms=100)
    for number in range(10):
        state.mark(state.digest("t", str(number)), number * 10)

    assert state.expire(150) == 6
    assert len(state) == 4
    assert state.seen(state.digest("t", "6"), 150)
    assert not state.seen(state.digest("t", "5"), 150)


def test_a_restored_key_keeps_its_first_sight() -> None:
    state = DedupState(ttl_ms=100)
    state.restore([("t", "a", 10), ("t", "a", 60), ("u", "b", 70)])

    assert state.seen(state.digest("t", "a"), 109)
    assert not state.seen(state.digest("t", "a"), 110)
    assert not state.seen(state.digest("t", "b"), 109)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=60))
def test_the_state_is_like_a_simple_model(steps: list[tuple[int, int]]) -> None:
    state, model, now = DedupState(ttl_ms=100), dict[int, int](), 0
    for key, pause in steps:
        now += pause
        expected = key in model and now - model[key] < 100
        state.expire(now)
        digest = state.digest("t", str(key))
        assert state.seen(digest, now) == expected
        if not expected:
            state.mark(digest, now)
            model[key] = now
    assert len(state) <= len(model)


# --- metrics


def test_rates_are_those_of_the_window() -> None:
    metrics = Metrics(window_sec=10)
    metrics.add({"accepted": 80, "dlq": 20}, 1, at_sec=100.0)
    metrics.add({"quarantine": 10, "ignored": 5}, 0, at_sec=105.0)

    seen = metrics.snapshot(106.0)
    assert seen["quality_gate.input"] == metrics.processed == 115
    assert seen["quality_gate.dedup.duplicates"] == 10
    assert seen["quality_gate.sink_guard.oversize_drops"] == 1
    assert (seen["input_rate"], seen["dlq_rate"], seen["duplicate_rate"]) == (11.5, 2.0, 1.0)
    assert metrics.snapshot(112.0)["input_rate"] == 1.5
    assert metrics.snapshot(200.0)["input_rate"] == 0


# --- reject topics


class FakeProducer:
    """Acknowledges what fits; `codes` are errors for the first messages; a full queue once."""

    def __init__(self, limit: int = 10_000, codes: tuple[int, ...] = (), stuck: int = 0) -> None:
        self.limit, self.codes, self.stuck = limit, list(codes), stuck
        self.taken: list[tuple[str, bytes]] = []
        self.full = True

    def produce(self, topic: str, value: bytes, on_delivery: Callable[[Any, Any], None]) -> None:
        if self.full:
            self.full = False
            raise BufferError
        if len(value) > 10 * self.limit:
            raise KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE))
        if len(value) > self.limit:
            on_delivery(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), None)
        elif self.codes:
            on_delivery(KafkaError(self.codes.pop()), None)
        else:
            self.taken.append((topic, value))
            on_delivery(None, None)

    def poll(self, timeout: float) -> int:
        return 0

    def flush(self, timeout: float) -> int:
        return self.stuck


def reject_topics(producer: FakeProducer) -> RejectTopics:
    return RejectTopics({"dlq": "d", "quarantine": "q"}, lambda: producer)  # type: ignore[arg-type, return-value]


def envelope(size: int) -> bytes:
    value = orjson.dumps(samples.event("stream_trace", {"version": "9", "data.note": "x" * size, "id": "i" * 1000}))
    return samples.processor().process(samples.record(value), samples.NOW_MS).rejects[0][1]


def test_rejects_go_to_their_topics() -> None:
    producer = FakeProducer()

    reject_topics(producer).publish([("dlq", b"1"), ("quarantine", b"2")])

    assert producer.taken == [("d", b"1"), ("q", b"2")]


@pytest.mark.parametrize("size", [20_000, 200_000])
def test_an_envelope_too_large_for_its_topic_is_sent_without_its_body(size: int) -> None:
    producer, large = FakeProducer(), envelope(size)

    reject_topics(producer).publish([("dlq", large), ("dlq", b"{}")])

    assert producer.taken[0] == ("d", b"{}")
    sent = orjson.loads(producer.taken[1][1])
    assert sent["payload"] == {"encoding": "json", "body": None, "canonicalJson": None}
    assert str(len(large)) in sent["failure"]["details"]
    assert sent["source"] == orjson.loads(large)["source"]
    assert len(without_body(large)) < 2000


def test_a_refused_reject_fails_the_job() -> None:
    with pytest.raises(SinkError, match="for d"):
        reject_topics(FakeProducer(codes=(KafkaError.TOPIC_AUTHORIZATION_FAILED,))).publish([("dlq", b"1")])


def test_a_broker_that_does_not_answer_fails_the_job() -> None:
    with pytest.raises(SinkError, match="2 are left"):
        reject_topics(FakeProducer(stuck=2)).publish([("dlq", b"1")])


def test_no_producer_is_made_without_rejects() -> None:
    RejectTopics({}, lambda: pytest.fail("made")).publish([])
