"""`ai_stream_events`: errors, parameter updates and passthrough notices of one stream attempt."""

from __future__ import annotations

from typing import Any

from pipelines.livepeer.event import Event
from pipelines.livepeer.fields import optional_text, text


def parse(event: Event) -> list[tuple[Any, ...]]:
    """Return the one row of a notice; a parameter update has no message."""
    data = event.data
    return [
        (
            event.when,
            text(data, "stream_id"),
            text(data, "request_id"),
            text(data, "pipeline"),
            text(data, "type"),
            optional_text(data, "message") or "",
            text(data, "capability"),
            *event.lineage(event.text or ""),
        )
    ]
