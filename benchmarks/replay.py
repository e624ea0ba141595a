"""The replay's rate into a real broker, and in the same run that of a bare confluent-kafka loop with equal settings."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from benchmarks.stacks import stack
from packs.livepeer.generator import generate_load
from streamproof.fixtures.ordering import plan_replay
from streamproof.model.fixture import FixtureEvent, ReplayRules
from streamproof.model.settings import KafkaSettings
from streamproof.transport.kafka.producer import PRODUCER_OPTIONS, publish

EVENTS = 200_000
ROUNDS = 3


Record = tuple[FixtureEvent, bytes | None]


def _bare_loop(settings: KafkaSettings, topic: str, records: list[Record]) -> float:
    """Produce the same values with a delivery callback that counts, and return records per second."""
    producer = Producer({**settings.client_config(), **PRODUCER_OPTIONS})
    acknowledged = 0

    def count(error: object, _message: object) -> None:
        nonlocal acknowledged
        acknowledged += error is None

    started = time.monotonic()
    for event, value in records:
        while True:
            try:
                producer.produce(topic, value, event.key, callback=count, headers=[("a", b"1"), ("b", b"2")])
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    producer.flush()
    if acknowledged != len(records):
        raise RuntimeError(f"the bare loop got {acknowledged} of {len(records)} acknowledgements")
    return acknowledged / (time.monotonic() - started)


def replay_rate(home: Path, scratch: Path) -> dict[str, Any]:
    """Take turns between the replay and the bare loop: targets 120,000 events/s and 60 % of the loop."""
    manifest = generate_load(EVENTS, scratch / "load")
    plan = plan_replay(
        manifest,
        ReplayRules(
            first_types=("network_capabilities",),
            key_field="stream_id",
            event_table="streaming_events",
            id_field="workflow_session_id",
        ),
    )
    records = list(plan.records())
    replayed, bare = [], []
    with stack(home, scratch / "stack", topics=("replayed", "bare")) as state:
        for round_number in range(ROUNDS):
            replayed.append(publish(state.kafka, "replayed", records, run_id=f"bench-{round_number}").rate_per_sec)
            bare.append(_bare_loop(state.kafka, "bare", records))
    size = sum(len(value or b"") for _, value in records) / len(records)
    return {
        "target_events_per_sec": 120_000,
        "target_ratio": 0.6,
        "events": len(records),
        "bytes_per_event": round(size),
        "replay_events_per_sec": [round(rate) for rate in replayed],
        "bare_loop_events_per_sec": [round(rate) for rate in bare],
        "best_replay_events_per_sec": round(max(replayed)),
        "ratio_of_bests": round(max(replayed) / max(bare), 2),
    }
