"""`ai_stream_status`: a periodic health and frame-rate sample from the runner."""

from __future__ import annotations

from typing import Any

from pipelines.livepeer.event import Event
from pipelines.livepeer.fields import (
    child,
    float32,
    moment,
    optional_moment,
    optional_text,
    parse_millis,
    text,
    unsigned,
)
from pipelines.livepeer.identity import normalised_address

EPOCH = moment(0)


def parse(event: Event) -> list[tuple[Any, ...]]:
    """Return the one row of a sample. Its time is the envelope's; an absent start time becomes the epoch."""
    data = event.data
    orchestrator = child(data, "orchestrator_info")
    inference = child(data, "inference_status")
    params = child(inference, "last_params")
    start_ms = parse_millis(data.get("start_time"))
    return [
        (
            event.when,
            text(data, "stream_id"),
            text(data, "request_id"),
            text(event.root, "gateway"),
            normalised_address(text(orchestrator, "address")),
            text(orchestrator, "url"),
            text(data, "pipeline"),
            float32(inference, "fps"),
            float32(child(data, "input_status"), "fps"),
            text(data, "state"),
            unsigned(inference, "restart_count", 32),
            optional_text(inference, "last_error"),
            optional_moment(inference, "last_error_time"),
            optional_text(params, "prompt"),
            unsigned(params, "width", 16),
            unsigned(params, "height", 16),
            text(inference, "last_params_hash"),
            EPOCH if start_ms is None else moment(start_ms),
            *event.lineage(event.text or ""),
        )
    ]
