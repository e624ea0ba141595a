"""`discovery_results`: the orchestrators that one discovery cycle found."""

from __future__ import annotations

import re
from typing import Any

import orjson

from pipelines.livepeer.event import Event
from pipelines.livepeer.fields import entry, text
from pipelines.livepeer.reading import BLANKS

_MAX_U32 = (1 << 32) - 1
# `float` and `int` would also accept `12_000`, digits of other scripts, `1e3` and `nan`, which producers do not write.
_NUMERIC_TEXT = re.compile(r"([0-9]+)(?:\.[0-9]+)?")


def parse(event: Event) -> list[tuple[Any, ...]]:
    """Return one row per orchestrator found. The wallet is stored as received."""
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
    """Return a latency in whole milliseconds, with any fraction cut off.

    The value may be a number, or text of ASCII digits with at most one dot. Anything else, a negative value and one
    beyond 32 bits become 0, which means unknown.
    """
    if type(value) is str:
        found = _NUMERIC_TEXT.fullmatch(value.strip(BLANKS))
        digits = found[1].lstrip("0") if found else ""
        latency = int(digits) if 0 < len(digits) <= 10 else 0
    elif type(value) is int or type(value) is float:
        latency = int(value)
    else:
        return 0
    return latency if 0 <= latency <= _MAX_U32 else 0
