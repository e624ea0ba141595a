"""Send what a plan has decided. It can be killed at any moment and started again: each record is sent exactly once."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from streamproof.dead_letters.outgoing import outgoing_records
from streamproof.dead_letters.pipeline import Pipeline, ReplayFolder
from streamproof.dead_letters.request import ReplayRequest
from streamproof.model.errors import StackError
from streamproof.model.window import iso_ms
from streamproof.transport.base import Numbered

# Brokers take longer transactional ids, but some tools that show them do not.
LONGEST_WRITER = 200


def series_of(pipeline: Pipeline, plan: Mapping[str, Any], request: ReplayRequest) -> Numbered:
    """Return the series of records that a plan sends."""
    writer = f"{pipeline.group}.{plan['replay_id']}"
    if len(writer) > LONGEST_WRITER:
        writer = hashlib.sha256(writer.encode()).hexdigest()
    return Numbered(
        topic=plan["output_topic"],
        run_id=plan["replay_id"],
        writer=writer,
        since={int(number): end for number, end in plan["output_offsets"].items()},
        batch=request.batch,
        rate=request.rate,
    )


def send(
    pipeline: Pipeline,
    plan: Mapping[str, Any],
    request: ReplayRequest,
    folder: ReplayFolder,
    *,
    watch: Callable[[int], object] = lambda _number: None,
) -> dict[str, Any]:
    """Send the letters of a plan and return what was sent. A replay that was sent already sends nothing.

    `watch` is called with the number of records that are in the topic. Raises StackError when the brokers refuse, or
    when the topic does not hold each record exactly once afterwards.
    """
    existing = folder.read(folder.result)
    if existing is not None:
        folder.letters.unlink(missing_ok=True)
        return existing
    if not folder.letters.is_file():
        raise StackError(
            f"{folder.letters} is gone, so nobody knows what replay {plan['replay_id']} has still to send.",
            hint="Start another replay, with another --replay-id; events that were sent before are duplicates then.",
        )
    started = time.monotonic()
    counted: list[int] = []

    def count(number: int) -> None:
        counted.append(number)
        watch(number)

    positions = pipeline.transport.publish_once(
        pipeline.kafka, series_of(pipeline, plan, request), outgoing_records(folder.letters), watch=count
    )
    if len(positions) != plan["selected"]:
        raise StackError(
            f"Topic {plan['output_topic']} holds {len(positions)} records of replay {plan['replay_id']}, not "
            f"{plan['selected']}.",
            hint="Has the topic dropped records since the replay began? See its retention.",
        )
    result = {
        "replay_id": plan["replay_id"],
        "sent": len(positions),
        "found_when_started": counted[0],
        "by_partition": {str(number): count for number, count in sorted(Counter(p for p, _ in positions).items())},
        "ended_at": iso_ms(datetime.now(UTC)),
        "duration_sec": round(time.monotonic() - started, 3),
    }
    folder.write(folder.result, result)
    # The bodies are production data. They are kept no longer than they are needed.
    folder.letters.unlink(missing_ok=True)
    return result
