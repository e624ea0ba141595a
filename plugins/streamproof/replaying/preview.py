"""The plan of a replay as data: what would be published, where, how long it takes, and what is left out."""

from __future__ import annotations

from collections import Counter
from typing import Any

from streamproof.fixtures.timing.pace import expected_sec, span_ms
from streamproof.model.window import from_epoch_ms, iso_ms
from streamproof.replaying.request import Prepared, value_bytes
from streamproof.transport.base import Transport


def plan_document(prepared: Prepared, transport: Transport) -> dict[str, Any]:
    """Return the plan of a replay as plain JSON data. Nothing is asked of the transport's brokers.

    `by_partition` supposes the number of partitions that the request names, or one. `expected_sec` is null at the
    highest speed, which the brokers decide.
    """
    replay, request = prepared.replay, prepared.request
    events, partitions = replay.events, request.partitions or 1
    by_partition = Counter(transport.partition_of(event.key, partitions) for event in events)
    return {
        "manifest": replay.manifest.path,
        "topic": request.topic,
        "files": len(replay.sessions),
        "events": len(events),
        "value_bytes": value_bytes(replay),
        "by_type": replay.by_type(),
        "by_scenario": replay.by_scenario(),
        "by_partition": {str(partition): by_partition[partition] for partition in range(partitions)},
        "streams": len({event.key for event in events}),
        "first_event": iso_ms(from_epoch_ms(events[0].publish_ms)),
        "last_event": iso_ms(from_epoch_ms(events[-1].publish_ms)),
        "span_sec": span_ms(events) / 1000,
        "speed": request.speed,
        "expected_sec": expected_sec(events, prepared.factor),
        "shift_to": request.shift_to,
        "shift_ms": prepared.shift_ms,
        "expected": {disposition: dict(counts) for disposition, counts in replay.expected.items()},
        "left_out_events": replay.left_out,
        "shared_events_published_once": replay.shared_once,
        "passed_over": dict(replay.passed_over),
        "bad_lines": [str(line) for line in replay.bad_lines],
        "notices": list(replay.notices),
    }
