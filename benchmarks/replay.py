"""The replay's rate into a real broker, and in the same run that of a bare confluent-kafka loop with equal settings.

A replay with a ledger is measured beside it, and how exactly a replay at 60 times the original speed keeps its times.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from benchmarks.stacks import stack
from packs.livepeer.generator import generate_load
from streamproof.fixtures.ordering import plan_replay
from streamproof.fixtures.timing.pace import Pace, span_ms
from streamproof.model.fixture import FixtureEvent, ReplayRules
from streamproof.model.settings import KafkaSettings
from streamproof.replaying.ledger import Ledger
from streamproof.transport.base import Course
from streamproof.transport.kafka.producer import PRODUCER_OPTIONS, publish

EVENTS = 200_000
ROUNDS = 3
SPEED = 60.0
# A paced replay of the first ten minutes takes ten seconds.
PACED_SPAN_MS = 600_000


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


def _with_ledger(settings: KafkaSettings, records: list[Record], folder: Path) -> float:
    """Publish as `streamproof replay` does: idempotent, and every acknowledged offset written to a ledger."""
    with Ledger(folder) as ledger:
        course = Course(resumable=True, on_acknowledged=ledger.add)
        rate = publish(settings, "ledger", records, run_id=folder.name, course=course).rate_per_sec
        noted = sum(seen.records for seen in ledger.acknowledged().values())
    if noted != len(records):
        raise RuntimeError(f"the ledger has {noted} of {len(records)} records")
    return rate


def _paced(settings: KafkaSettings, records: list[Record]) -> dict[str, Any]:
    """Publish the first minutes of the records at SPEED, and return how far from its time each was sent."""
    end = records[0][0].publish_ms + PACED_SPAN_MS
    first = [record for record in records if record[0].publish_ms < end]
    pace = Pace(SPEED)
    published = publish(settings, "paced", first, run_id="bench-paced", course=Course(pace=pace))
    return {
        "speed": f"{SPEED:g}x",
        "events": len(first),
        "span_sec": span_ms([event for event, _ in first]) / 1000,
        "duration_sec": round(published.duration_sec, 2),
        "send_error": pace.errors.as_json(),
    }


def replay_rate(home: Path, scratch: Path, events: int = EVENTS) -> dict[str, Any]:
    """Take turns between the replay and the bare loop: targets 120,000 events/s and 80 % of the loop."""
    manifest = generate_load(events, scratch / "load")
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
    replayed, bare, ledger = [], [], []
    with stack(home, scratch / "stack", topics=("replayed", "bare", "ledger", "paced")) as state:
        for round_number in range(ROUNDS):
            replayed.append(publish(state.kafka, "replayed", records, run_id=f"bench-{round_number}").rate_per_sec)
            bare.append(_bare_loop(state.kafka, "bare", records))
            ledger.append(_with_ledger(state.kafka, records, scratch / f"ledger-{round_number}"))
        paced = _paced(state.kafka, records)
    size = sum(len(value or b"") for _, value in records) / len(records)
    return {
        "target_events_per_sec": 120_000,
        "target_ratio": 0.8,
        "events": len(records),
        "bytes_per_event": round(size),
        "replay_events_per_sec": [round(rate) for rate in replayed],
        "bare_loop_events_per_sec": [round(rate) for rate in bare],
        "ledger_events_per_sec": [round(rate) for rate in ledger],
        "best_replay_events_per_sec": round(max(replayed)),
        "ratio_of_bests": round(max(replayed) / max(bare), 2),
        "ratio_of_bests_with_ledger": round(max(ledger) / max(bare), 2),
        "paced": paced,
    }
