"""`stream_trace`: the lifecycle milestones of one stream attempt."""

from __future__ import annotations

from typing import Any

from pipelines.livepeer.event import Event
from pipelines.livepeer.fields import child, moment, parse_millis, text
from pipelines.livepeer.identity import normalised_address


def parse(event: Event) -> list[tuple[Any, ...]]:
    """Return the one row of a milestone. Its own time is the payload's if that is positive, else the envelope's."""
    data = event.data
    orchestrator = child(data, "orchestrator_info")
    edge_ms = parse_millis(data.get("timestamp"))
    return [
        (
            event.when,
            text(data, "stream_id"),
            text(data, "request_id"),
            normalised_address(text(orchestrator, "address")),
            text(orchestrator, "url"),
            text(data, "type"),
            moment(edge_ms) if edge_ms else event.when,
            *event.lineage(event.text or ""),
        )
    ]
