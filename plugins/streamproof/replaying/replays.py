"""Publish a prepared replay, or go on with one that was interrupted: every record once, in its order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from streamproof.fixtures.timing.pace import Pace
from streamproof.model.errors import StackError, UsageError
from streamproof.model.settings import KafkaSettings
from streamproof.model.window import iso_ms
from streamproof.packs.pack import Pack
from streamproof.replaying.ledger import Ledger
from streamproof.replaying.read_back import arrived_records
from streamproof.replaying.request import Prepared, Started, prepare_again, value_bytes
from streamproof.transport.base import Course, Published, Transport


@dataclass(frozen=True, slots=True)
class Target:
    """Where a replay goes, and who hears of it.

    `progress` is called with the number of newly acknowledged records, and regularly with 0; an exception that it
    raises ends the replay. `resumed` is called with the number of records that had arrived before.
    """

    transport: Transport
    settings: KafkaSettings
    progress: Callable[[int], object] = lambda _records: None
    resumed: Callable[[int], object] = lambda _records: None


def begin(prepared: Prepared, pack: Pack, ledger: Ledger, target: Target) -> dict[str, Any]:
    """Publish a new replay and return its result. The ledger must be open.

    Raises UsageError when the replay has begun already or the topic has another number of partitions, StackError when
    a record is refused or lost; the ledger then says what has arrived.
    """
    topic, wanted = prepared.request.topic, prepared.request.partitions
    ledger.require_new()
    offsets = target.transport.end_offsets(target.settings, topic)
    if wanted is not None and wanted != len(offsets):
        raise UsageError(
            f"Topic {topic} has {len(offsets)} partitions, not {wanted}.", hint="Give its number, or no --partitions."
        )
    started = Started(
        run_id=ledger.folder.name,
        request=replace(prepared.request, partitions=len(offsets)),
        pack_file=str(pack.file),
        sha256=prepared.replay.manifest.sha256,
        records=len(prepared.replay.events),
        value_bytes=value_bytes(prepared.replay),
        shift_ms=prepared.shift_ms,
        start_offsets={str(partition): offset for partition, offset in offsets.items()},
        started_at=iso_ms(datetime.now(UTC)),
    )
    ledger.begin(started)
    return _publish(prepared, started, ledger, target, {})


def go_on(pack: Pack, ledger: Ledger, target: Target) -> dict[str, Any]:
    """Publish what an interrupted replay has not published, and return its result. The ledger must be open.

    Raises UsageError when there is no such replay, FixtureError when its set has changed, StackError when its topic
    has, or a record is refused or lost.
    """
    started = ledger.read()
    result = ledger.result
    if result is not None:
        return {**result, "published_now": 0}
    prepared = prepare_again(started, pack)
    arrived = arrived_records(target.transport, target.settings, ledger, started, prepared.replay)
    target.resumed(sum(arrived.values()))
    return _publish(prepared, started, ledger, target, arrived)


def _publish(
    prepared: Prepared, started: Started, ledger: Ledger, target: Target, arrived: dict[int, int]
) -> dict[str, Any]:
    pace = None if prepared.factor is None else Pace(prepared.factor)

    def on_acknowledged(partition: int, offsets: Sequence[int]) -> None:
        ledger.add(partition, offsets)
        target.progress(len(offsets))

    course = Course(pace=pace, arrived=arrived, on_acknowledged=on_acknowledged, resumable=True)
    try:
        published = target.transport.publish(
            target.settings,
            started.request.topic,
            prepared.replay.records(),
            run_id=started.run_id,
            watch=lambda: target.progress(0),
            # The topic was there before, so others may publish to it, too. A second copy is refused by the broker.
            shared=True,
            course=course,
        )
    except StackError as error:
        raise StackError(
            error.message, hint=f"{error.hint} `streamproof replay --resume {started.run_id}` goes on from there."
        ) from None
    result = _result(started, published, arrived, pace)
    ledger.finish(result)
    return result


def _result(started: Started, published: Published, arrived: dict[int, int], pace: Pace | None) -> dict[str, Any]:
    before = sum(arrived.values())
    return {
        "run_id": started.run_id,
        "acknowledged": before + published.acknowledged,
        "published_now": published.acknowledged,
        "resumed": bool(before),
        "start_offsets": dict(started.start_offsets),
        "end_offsets": {str(partition): offset for partition, offset in published.end_offsets.items()},
        "duration_sec": round(published.duration_sec, 6),
        "rate_per_sec": round(published.rate_per_sec, 1),
        "send_error": None if pace is None else pace.errors.as_json(),
    }
