"""One parser per family, except for capability events, which have four independent parsers.

A parser takes an accepted event and returns its rows, tuples in the order of `tables.COLUMNS`. It raises a FieldError
for a value that its column cannot store. Then none of the parser's rows is written, and the record is dead-lettered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.livepeer.event import Event
from pipelines.livepeer.parsers import (
    ai_events,
    capabilities,
    discovery,
    ingest,
    payments,
    snapshots,
    status,
    trace,
)

Row = tuple[Any, ...]
Parser = Callable[[Event], list[Row]]

FAMILIES: dict[str, tuple[tuple[str, Parser], ...]] = {
    "ai_stream_status": (("ai_stream_status", status.parse),),
    "stream_trace": (("stream_trace_events", trace.parse),),
    "ai_stream_events": (("ai_stream_events", ai_events.parse),),
    "stream_ingest_metrics": (("stream_ingest_metrics", ingest.parse),),
    "network_capabilities": (
        ("network_capabilities", snapshots.parse),
        ("network_capabilities_advertised", capabilities.parse_advertised),
        ("network_capabilities_model_constraints", capabilities.parse_model_constraints),
        ("network_capabilities_prices", capabilities.parse_prices),
    ),
    "discovery_results": (("discovery_results", discovery.parse),),
    "create_new_payment": (("payment_events", payments.parse),),
}
