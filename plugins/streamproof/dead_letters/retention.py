"""Find out whether the dead-letter topic has dropped records that may belong to the window of a replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamproof.dead_letters.request import ReplayRequest
from streamproof.model.errors import UsageError
from streamproof.model.window import from_epoch_ms, iso_ms


def refuse_lost(
    request: ReplayRequest, topic: str, retained: Mapping[int, tuple[int, int]], firsts: Mapping[int, int | None]
) -> list[dict[str, Any]]:
    """Return what the topic has dropped since the window began, by partition.

    An event is rejected after it happened. So when a partition has dropped records, and its first retained one was
    rejected after the window began, some of the window may be gone. `firsts` are the Kafka times of the first retained
    records, in Unix milliseconds. Raises UsageError unless the request allows it, or has no start: then it asks for
    what is left.
    """
    lost = []
    for partition, (first, _) in retained.items():
        rejected_at = firsts.get(partition)
        began = request.start_ms
        if first == 0 or (began is not None and rejected_at is not None and rejected_at <= began):
            continue
        oldest = None if rejected_at is None else iso_ms(from_epoch_ms(rejected_at))
        lost.append({"partition": partition, "dropped_records": first, "first_retained_at": oldest})
    if lost and request.start_ms is not None and not request.allow_partial:
        start = iso_ms(from_epoch_ms(request.start_ms))
        parts = "; ".join(
            f"partition {entry['partition']} dropped {entry['dropped_records']} records, and its first left is of "
            f"{entry['first_retained_at'] or 'no time: nothing is left'}"
            for entry in lost
        )
        raise UsageError(
            f"Topic {topic} may have dropped records of the window, which begins at {start}: {parts}.",
            hint="Begin the window later, or give --allow-partial-window to replay what is left.",
        )
    return lost
