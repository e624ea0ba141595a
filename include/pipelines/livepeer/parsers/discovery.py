"""`discovery_results`: the orchestrators that one discovery cycle found."""

from __future__ import annotations

import re
from typing import Any

import orjson

from pipelines.livepeer.event import Event
from pipelines.livepeer.fields import entry, loose_text, text

_MAX_U32 = (1 << 32) - 1
# Only ASCII digits, as in times: Python's own reading of numbers takes `1_000` and foreign digits as well.
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


def parse(event: Event) -> list[tuple[Any, ...]]:
    """Return one row per orchestrator found; its wallet stays as received."""
    rows = []
    for position, item in enumerate(event.data):
        found = entry(item, f"data[{position}]")
        rows.append(
            (
                event.when,
                text(found, "address"),
                text(found, "url"),
                latency_ms(found.get("latency_ms")),
                *event.lineage(orjson.dumps(found).decode()),
            )
        )
    return rows


def latency_ms(value: object) -> int:
    """Read a latency in whole milliseconds; it usually comes as numeric text. What cannot be read is 0."""
    said = loose_text(value)
    latency = float(said) if _NUMBER.fullmatch(said) else 0.0
    return int(latency) if 0 <= latency < _MAX_U32 + 1 else 0
